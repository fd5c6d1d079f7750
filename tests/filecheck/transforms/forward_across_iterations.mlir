// RUN: gatewright-opt %s -p "label-loops,forward-across-iterations{loop=\"j\" through=\"skewed\"}" | filecheck %s
// RUN: gatewright-opt %s -p "label-loops,forward-across-iterations{loop=\"j\" through=\"prologue\"}" | filecheck %s --check-prefix PROLOGUE

// A window of two: early iterations of the loop fill it, or loads in front of the loop, as is asked for.
// CHECK-LABEL: @pairs
// CHECK:         scf.for %j = %{{.*}} to %c8 step %c1 iter_args(
// CHECK-NEXT:      memref.load %a[%i, %j]
// CHECK-NEXT:      arith.cmpi sge, %j, %c1
// CHECK-NEXT:      scf.if
// PROLOGUE:      %[[FIRST:.*]] = memref.load %a
// PROLOGUE:      scf.for %j = %c1 to %c8 step %c1 iter_args(%{{.*}} = %[[FIRST]])
func.func @pairs(%a : memref<8x8xi32>, %y : memref<8x8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c1 to %c8 step %c1 {
      %b = arith.subi %j, %c1 : index
      %p = memref.load %a[%i, %b] : memref<8x8xi32>
      %q = memref.load %a[%i, %j] : memref<8x8xi32>
      %s = arith.addi %p, %q : i32
      memref.store %s, %y[%i, %j] : memref<8x8xi32>
    }
  }
  return
}

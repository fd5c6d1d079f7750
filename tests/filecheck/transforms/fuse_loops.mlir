// RUN: gatewright-opt %s -p "label-loops,fuse-loops{loops=\"i\",\"i_2\"}" | filecheck %s

// Loops without a common array, because they are asked for.
// CHECK-LABEL: @fill
// CHECK:         scf.for %i = %c0 to %c8 step %c1 {
// CHECK-NEXT:      memref.store %one, %a[%i]
// CHECK-NEXT:      memref.store %one, %b[%i]
// CHECK-NEXT:    } {gw.loop = ["i"]}
// CHECK-NEXT:    func.return
func.func @fill(%a : memref<8xi32>, %b : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %one = arith.constant 1 : i32
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %one, %a[%i] : memref<8xi32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %one, %b[%i] : memref<8xi32>
  }
  return
}

// RUN: gatewright-opt %s -p "label-loops,copy-arguments{array=\"a\"}" | filecheck %s

// What is read is copied in, and what is written is copied out.
// CHECK-LABEL: @twice
// CHECK:         %a_copy = memref.alloc()
// CHECK:         scf.for %a_in
// CHECK-NEXT:      %[[X:.*]] = memref.load %a[%a_in]
// CHECK-NEXT:      memref.store %[[X]], %a_copy[%a_in]
// CHECK:         scf.for %i
// CHECK-NEXT:      %v = memref.load %a_copy[%i]
// CHECK:           memref.store %w, %a_copy[%i]
// CHECK:         scf.for %a_out
// CHECK-NEXT:      %[[Y:.*]] = memref.load %a_copy[%a_out]
// CHECK-NEXT:      memref.store %[[Y]], %a[%a_out]
func.func @twice(%a : memref<8xi32> {gw.name = "a"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %a[%i] : memref<8xi32>
    %w = arith.addi %v, %v : i32
    memref.store %w, %a[%i] : memref<8xi32>
  }
  return
}

// What is written as a whole before it is read is only copied out.
// CHECK-LABEL: @filled
// CHECK:         %a_copy = memref.alloc()
// CHECK-NOT:     scf.for %a_in
// CHECK:         scf.for %a_out
func.func @filled(%a : memref<8xi32> {gw.name = "a"}, %v : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %v, %a[%i] : memref<8xi32>
  }
  return
}

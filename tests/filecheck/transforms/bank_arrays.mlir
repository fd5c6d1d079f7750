// RUN: gatewright-opt %s -p "label-loops,bank-arrays{array=\"a\" factors=2}" | filecheck %s

// Where the bank is always the same one, an access is of it.
// CHECK-LABEL: @even_and_odd
// CHECK:         %a = memref.alloc() {gw.bank_of = "a 8 2 0"} : memref<4xi32>
// CHECK-NEXT:    %a_1 = memref.alloc() {gw.bank_of = "a 8 2 1"} : memref<4xi32>
// CHECK:         memref.store %v, %a[%i] : memref<4xi32>
// CHECK-NEXT:    memref.store %v, %a_1[%i] : memref<4xi32>
func.func @even_and_odd(%v : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %a = memref.alloc() : memref<8xi32>
  scf.for %i = %c0 to %c4 step %c1 {
    %p = arith.muli %i, %c2 : index
    %q = arith.addi %p, %c1 : index
    memref.store %v, %a[%p] : memref<8xi32>
    memref.store %v, %a[%q] : memref<8xi32>
  }
  return
}

// Elsewhere it is chosen from all, and an argument is several.
// CHECK-LABEL: @moving
// CHECK-SAME:      %a: memref<4xi32> {gw.name = "a_0", gw.bank_of = "a 7 2 0"}
// CHECK-SAME:      %a_1: memref<4xi32> {gw.name = "a_1", gw.bank_of = "a 7 2 1"}
// CHECK:         %[[R:.*]] = arith.andi %i, %{{.*}} : index
// CHECK:         %[[P:.*]] = memref.load %a[
// CHECK:         %[[Q:.*]] = memref.load %a_1
// CHECK:         %[[C:.*]] = arith.cmpi ult, %[[R]], %{{.*}} : index
// CHECK-NEXT:    %v = arith.select %[[C]], %[[P]], %[[Q]] : i32
func.func @moving(%a : memref<7xi32> {gw.name = "a"}, %i : index) -> i32 {
  %v = memref.load %a[%i] : memref<7xi32>
  return %v : i32
}

// RUN: gatewright-opt %s -p "label-loops,unroll-and-jam{loop=\"i\" factor=2}" | filecheck %s

// What does not depend on the iteration is there once; the loop inside carries a sum for each.
// CHECK-LABEL: @rows
// CHECK:         scf.for %i = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK:           %[[S:.*]], %[[T:.*]] = scf.for %k = %c0 to %c8 step %c1 iter_args(%acc = %zero, %acc_1 = %zero) -> (i32, i32) {
// CHECK:             memref.load %a
// CHECK:             memref.load %a
// CHECK:             memref.load %x[%k]
// CHECK-NOT:         memref.load %x[%k]
// CHECK:             scf.yield %n, %n_1 : i32, i32
// CHECK-NEXT:      } {gw.loop = ["k"], gw.lanes = 2 : i64}
// CHECK:           memref.store %[[S]], %y
// CHECK:           memref.store %[[T]], %y
// CHECK:         } {gw.loop = ["i"], gw.lanes = 2 : i64}
func.func @rows(%a : memref<4x8xi32>, %x : memref<8xi32>, %y : memref<4xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i32
  scf.for %i = %c0 to %c4 step %c1 {
    %s = scf.for %k = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (i32) {
      %p = memref.load %a[%i, %k] : memref<4x8xi32>
      %q = memref.load %x[%k] : memref<8xi32>
      %m = arith.muli %p, %q : i32
      %n = arith.addi %acc, %m : i32
      scf.yield %n : i32
    }
    memref.store %s, %y[%i] : memref<4xi32>
  }
  return
}

// Five iterations are two times two, and one.
// CHECK-LABEL: @rest
// CHECK:         } {gw.loop = ["i"], gw.lanes = 2 : i64}
// CHECK:         scf.for %i{{.*}} {
// CHECK:         } {gw.loop = ["i_rest"]}
func.func @rest(%x : memref<5xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  scf.for %i = %c0 to %c5 step %c1 {
    %p = memref.load %x[%i] : memref<5xi32>
    %q = arith.addi %p, %p : i32
    memref.store %q, %x[%i] : memref<5xi32>
  }
  return
}

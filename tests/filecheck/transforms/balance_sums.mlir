// RUN: gatewright-opt %s -p "balance-sums" | filecheck %s

// The carried value is added last, the others in pairs.
// CHECK-LABEL: @integers
// CHECK:         %[[A:.*]] = arith.addi %p, %q : i32
// CHECK-NEXT:    %s = arith.addi %acc, %[[A]] : i32
// CHECK-NEXT:    scf.yield %s : i32
func.func @integers(%x : memref<8xi32>, %start : i32) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %r = scf.for %k = %c0 to %c8 step %c1 iter_args(%acc = %start) -> (i32) {
    %p = memref.load %x[%k] : memref<8xi32>
    %q = memref.load %x[%c1] : memref<8xi32>
    %t = arith.addi %acc, %p : i32
    %s = arith.addi %t, %q : i32
    scf.yield %s : i32
  }
  return %r : i32
}

// Floating-point numbers stay in their order.
// CHECK-LABEL: @floats
// CHECK:         %t = arith.addf %acc, %p : f32
// CHECK-NEXT:    %s = arith.addf %t, %p : f32
func.func @floats(%x : memref<8xf32>, %start : f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %r = scf.for %k = %c0 to %c8 step %c1 iter_args(%acc = %start) -> (f32) {
    %p = memref.load %x[%k] : memref<8xf32>
    %t = arith.addf %acc, %p : f32
    %s = arith.addf %t, %p : f32
    scf.yield %s : f32
  }
  return %r : f32
}

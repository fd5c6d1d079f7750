// RUN: gatewright-opt %s -p "share-loads,cse" | filecheck %s

// The same element by other sums.
// CHECK-LABEL: @same
// CHECK:         %a = memref.load %x[%{{.*}}]
// CHECK-NOT:     memref.load %x
// CHECK:         %s = arith.addi %a, %a : i32
func.func @same(%x : memref<64xi32>, %i : index) -> i32 {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %p = arith.addi %i, %c1 : index
  %q = arith.addi %p, %c2 : index
  %a = memref.load %x[%q] : memref<64xi32>
  %r = arith.addi %i, %c3 : index
  %b = memref.load %x[%r] : memref<64xi32>
  %s = arith.addi %a, %b : i32
  return %s : i32
}

// Not behind a store to the array.
// CHECK-LABEL: @stored
// CHECK:         %a = memref.load %x[%i]
// CHECK:         memref.store %a, %x
// CHECK:         %b = memref.load %x[%i]
func.func @stored(%x : memref<64xi32>, %i : index, %j : index) -> i32 {
  %a = memref.load %x[%i] : memref<64xi32>
  memref.store %a, %x[%j] : memref<64xi32>
  %b = memref.load %x[%i] : memref<64xi32>
  %s = arith.addi %a, %b : i32
  return %s : i32
}

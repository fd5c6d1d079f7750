// RUN: gatewright-opt %s -p reduce-strength --split-input-file | filecheck %s

// The column and the row of an element are counted along.
// CHECK-LABEL: @rows
// CHECK:         %6, %7 = scf.for %k = %c0 to %c104 step %c1 iter_args(%r = %0, %q = %1) -> (i5, i5) {
// CHECK-NEXT:      %q_1 = arith.index_cast %q : i5 to index
// CHECK-NEXT:      %r_1 = arith.index_cast %r : i5 to index
// CHECK-NEXT:      %x = memref.load %a[%q_1, %r_1] : memref<8x13xi32>
// CHECK-NEXT:      memref.store %x, %b[%k] : memref<104xi32>
// CHECK-NEXT:      %8 = arith.addi %r, %2 : i5
// CHECK-NEXT:      %9 = arith.cmpi sge, %8, %3 : i5
// CHECK-NEXT:      %10 = arith.addi %8, %4 : i5
// CHECK-NEXT:      %11 = arith.select %9, %10, %8 : i5
// CHECK-NEXT:      %12 = arith.addi %q, %5 : i5
// CHECK-NEXT:      %13 = arith.select %9, %12, %q : i5
// CHECK-NEXT:      scf.yield %11, %13 : i5, i5
func.func @rows(%a : memref<8x13xi32>, %b : memref<104xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c13 = arith.constant 13 : index
  %c104 = arith.constant 104 : index
  scf.for %k = %c0 to %c104 step %c1 {
    %q = arith.divui %k, %c13 : index
    %r = arith.remui %k, %c13 : index
    %x = memref.load %a[%q, %r] : memref<8x13xi32>
    memref.store %x, %b[%k] : memref<104xi32>
  }
  return
}

// -----

// A product by what does not change is a sum.
// CHECK-LABEL: @strides
// CHECK:         %1 = scf.for %i = %c0 to %c8 step %c1 iter_args(%p = %0) -> (i32) {
// CHECK-NEXT:      %j = arith.index_cast %i : index to i32
// CHECK-NEXT:      %q = arith.index_cast %p : i32 to index
// CHECK-NEXT:      memref.store %n, %a[%q] : memref<128xi32>
// CHECK-NEXT:      %2 = arith.addi %p, %n : i32
// CHECK-NEXT:      scf.yield %2 : i32
func.func @strides(%a : memref<128xi32>, %n : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %j = arith.index_cast %i : index to i32
    %p = arith.muli %j, %n : i32
    %q = arith.index_cast %p : i32 to index
    memref.store %n, %a[%q] : memref<128xi32>
  }
  return
}

// -----

// What is no counter, a divisor that is none, a product of few digits, and counters that may be negative stay.
// CHECK-LABEL: @others
// CHECK:         arith.divui %x, %c13
// CHECK:         arith.divui %i, %n
// CHECK:         arith.muli %i, %c12
// CHECK:         arith.remsi %m, %c13
// CHECK:         arith.divui %i, %c16
func.func @others(%a : memref<64xindex>, %n : index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c12 = arith.constant 12 : index
  %c13 = arith.constant 13 : index
  %c16 = arith.constant 16 : index
  %less = arith.constant -4 : index
  scf.for %i = %c0 to %c16 step %c1 {
    %x = memref.load %a[%i] : memref<64xindex>
    %0 = arith.divui %x, %c13 : index
    %1 = arith.divui %i, %n : index
    %2 = arith.muli %i, %c12 : index
    %m = arith.addi %i, %less : index
    %3 = arith.remsi %m, %c13 : index
    %4 = arith.divui %i, %c16 : index
    %5 = arith.addi %0, %1 : index
    %6 = arith.addi %2, %3 : index
    %7 = arith.addi %5, %6 : index
    %8 = arith.addi %7, %4 : index
    memref.store %8, %a[%i] : memref<64xindex>
  }
  return
}

// RUN: gatewright-opt %s -p divide-by-constants{widest=32} | filecheck %s

func.func @unsigned(%x : i8) -> (i8, i8, i8, i8) {
  %c7 = arith.constant 7 : i8
  %c8 = arith.constant 8 : i8
  %c10 = arith.constant 10 : i8
  %q = arith.divui %x, %c7 : i8
  %r = arith.remui %x, %c8 : i8
  %s = arith.remui %x, %c7 : i8
  %t = arith.divui %x, %c10 : i8
  func.return %q, %r, %s, %t : i8, i8, i8, i8
}

// CHECK-LABEL: func.func @unsigned
// CHECK:         %[[W:.*]] = arith.extui %x : i8 to i17
// CHECK-NEXT:    %[[M:.*]] = arith.constant 293 : i17
// CHECK-NEXT:    %[[P:.*]] = arith.muli %[[W]], %[[M]] : i17
// CHECK-NEXT:    %[[N:.*]] = arith.constant 11 : i17
// CHECK-NEXT:    %[[S:.*]] = arith.shrui %[[P]], %[[N]] : i17
// CHECK-NEXT:    %q = arith.trunci %[[S]] : i17 to i8
// CHECK-NEXT:    %[[K:.*]] = arith.constant 7 : i8
// CHECK-NEXT:    %r = arith.andi %x, %[[K]] : i8
// A remainder is what the quotient leaves.
// CHECK:         %[[Q:.*]] = arith.trunci %{{.*}} : i17 to i8
// CHECK-NEXT:    %[[D:.*]] = arith.constant 7 : i8
// CHECK-NEXT:    %[[T:.*]] = arith.muli %[[Q]], %[[D]] : i8
// CHECK-NEXT:    %s = arith.subi %x, %[[T]] : i8
// The factor 2 of 10 is a shift; the product is narrower.
// CHECK:         arith.trunci %{{.*}} : i8 to i7
// CHECK-NEXT:    arith.extui %{{.*}} : i7 to i14
// CHECK-NEXT:    arith.constant 103 : i14

func.func @signed(%x : i16) -> (i16, i16, i16) {
  %c10 = arith.constant 10 : i16
  %c4 = arith.constant 4 : i16
  %q = arith.divsi %x, %c10 : i16
  %f = arith.floordivsi %x, %c4 : i16
  %t = arith.divsi %x, %c4 : i16
  func.return %q, %f, %t : i16, i16, i16
}

// CHECK-LABEL: func.func @signed
// CHECK:         %[[SW:.*]] = arith.extsi %x : i16 to i31
// CHECK:         %[[SP:.*]] = arith.muli %[[SW]]
// CHECK:         %[[FLOOR:.*]] = arith.trunci
// CHECK:         %[[SIGN:.*]] = arith.shrsi %x
// CHECK-NEXT:    %q = arith.subi %[[FLOOR]], %[[SIGN]] : i16
// CHECK-NEXT:    %[[TWO:.*]] = arith.constant 2 : i16
// CHECK-NEXT:    %f = arith.shrsi %x, %[[TWO]] : i16
// CHECK:         %[[ADDED:.*]] = arith.shrui
// CHECK-NEXT:    %[[SUM:.*]] = arith.addi %x, %[[ADDED]] : i16
// CHECK:         %t = arith.shrsi %[[SUM]]

func.func @stays(%x : i64, %y : index) -> (i64, index, index) {
  %c3 = arith.constant 3 : i64
  %c4 = arith.constant 4 : index
  %c0 = arith.constant 0 : index
  %q = arith.divui %x, %c3 : i64
  %s = arith.divui %y, %c4 : index
  %z = arith.divsi %y, %c0 : index
  func.return %q, %s, %z : i64, index, index
}

// Too wide for a product; a power of two is a shift at any width, and division by 0 gives 0.
// CHECK-LABEL: func.func @stays
// CHECK:         %q = arith.divui %x, %c3 : i64
// CHECK:         %[[Y:.*]] = arith.index_cast %y : index to i64
// CHECK-NEXT:    %[[BY:.*]] = arith.constant 2 : i64
// CHECK-NEXT:    %[[SHIFTED:.*]] = arith.shrui %[[Y]], %[[BY]] : i64
// CHECK-NEXT:    %s = arith.index_cast %[[SHIFTED]] : i64 to index
// CHECK:         %[[ZERO:.*]] = arith.constant 0 : i64
// CHECK-NEXT:    %z = arith.index_cast %[[ZERO]] : i64 to index

// RUN: gatewright-opt %s -p unify-multipliers | filecheck %s

func.func @two_widths(%a : i32, %b : i32, %c : i48) -> i32 {
  %p = arith.muli %a, %b : i32
  %q = arith.muli %c, %c : i48
  %three = arith.constant 3 : i16
  %s = arith.trunci %a : i32 to i16
  %t = arith.muli %s, %three : i16
  func.return %p : i32
}

// A product by a constant of few digits needs no multiplier and stays.
// CHECK-LABEL: func.func @two_widths
// CHECK-NEXT:    %[[A:.*]] = arith.extsi %a : i32 to i48
// CHECK-NEXT:    %[[B:.*]] = arith.extsi %b : i32 to i48
// CHECK-NEXT:    %[[P:.*]] = arith.muli %[[A]], %[[B]] : i48
// CHECK-NEXT:    %p = arith.trunci %[[P]] : i48 to i32
// CHECK-NEXT:    %q = arith.muli %c, %c : i48
// CHECK:         %t = arith.muli %s, %three : i16

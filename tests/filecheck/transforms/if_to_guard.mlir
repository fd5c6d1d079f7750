// RUN: gatewright-opt %s -p if-to-guard --split-input-file | filecheck %s

func.func @otherwise_a_value(%n : i32, %c : i1) -> i32 {
  %r = scf.if %c -> (i32) {
    %v = arith.divui %n, %n : i32
    scf.yield %v : i32
  } else {
    scf.yield %n : i32
  }
  func.return %r : i32
}

// CHECK-LABEL: func.func @otherwise_a_value
// CHECK-NEXT:    %{{.*}}, %r = scf.while (%[[GO:.*]] = %c, %[[V:.*]] = %n) : (i1, i32) -> (i1, i32) {
// CHECK-NEXT:      scf.condition(%[[GO]]) %[[GO]], %[[V]] : i1, i32
// CHECK-NEXT:    } do {
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      %v = arith.divui %n, %n : i32
// CHECK-NEXT:      %[[NO:.*]] = arith.constant false
// CHECK-NEXT:      scf.yield %[[NO]], %v : i1, i32
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return %r : i32

// -----

func.func @only_otherwise(%n : i32, %c : i1) -> i32 {
  %r = scf.if %c -> (i32) {
    scf.yield %n : i32
  } else {
    %v = arith.divui %n, %n : i32
    scf.yield %v : i32
  }
  func.return %r : i32
}

// CHECK-LABEL: func.func @only_otherwise
// CHECK:         %[[NOT:.*]] = arith.xori %c
// CHECK-NEXT:    scf.while (%{{.*}} = %[[NOT]], %{{.*}} = %n)
// CHECK-NOT:     scf.while

// -----

func.func @stores_alone_are_predicates(%a : memref<8xi32>, %n : i32, %c : i1, %i : index) {
  scf.if %c {
    memref.store %n, %a[%i] : memref<8xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @stores_alone_are_predicates
// CHECK-NEXT:    scf.if %c

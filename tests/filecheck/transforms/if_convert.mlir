// RUN: gatewright-opt %s -p if-convert{limit=32} --split-input-file | filecheck %s

func.func @both(%a : memref<8xi32>, %n : i32, %c : i1, %i : index) -> i32 {
  %r = scf.if %c -> (i32) {
    %v = memref.load %a[%i] : memref<8xi32>
    memref.store %n, %a[%i] : memref<8xi32>
    scf.yield %v : i32
  } else {
    scf.yield %n : i32
  }
  func.return %r : i32
}

// CHECK-LABEL: func.func @both
// CHECK-NEXT:    %v = memref.load %a[%i] : memref<8xi32>
// CHECK-NEXT:    scf.if %c {
// CHECK-NEXT:      memref.store %n, %a[%i] : memref<8xi32>
// CHECK-NEXT:    }
// CHECK-NEXT:    arith.constant true
// CHECK-NEXT:    arith.xori %c
// CHECK-NEXT:    %r = arith.select %c, %v, %n : i32

// -----

func.func @nested(%a : memref<8xi32>, %n : i32, %c : i1, %d : i1, %i : index) {
  scf.if %c {
    scf.if %d {
      memref.store %n, %a[%i] : memref<8xi32>
    } else {
    }
  }
  func.return
}

// CHECK-LABEL: func.func @nested
// CHECK:         %[[BOTH:.*]] = arith.andi %d, %c : i1
// CHECK-NEXT:    scf.if %[[BOTH]] {
// CHECK-NEXT:      memref.store

// -----

func.func @a_division_is_not_worth_it(%n : i32, %c : i1) -> i32 {
  %r = scf.if %c -> (i32) {
    %v = arith.divui %n, %n : i32
    scf.yield %v : i32
  } else {
    scf.yield %n : i32
  }
  func.return %r : i32
}

// CHECK-LABEL: func.func @a_division_is_not_worth_it
// CHECK-NEXT:    scf.if %c

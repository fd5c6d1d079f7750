// RUN: gatewright-opt %s -p forward-stores --split-input-file | filecheck %s

func.func @forwarded_and_overwritten(%a : memref<8xi32>, %i : index, %n : i32) {
  memref.store %n, %a[%i] : memref<8xi32>
  %v = memref.load %a[%i] : memref<8xi32>
  %w = arith.addi %v, %v : i32
  memref.store %w, %a[%i] : memref<8xi32>
  func.return
}

// CHECK-LABEL: func.func @forwarded_and_overwritten
// CHECK-NEXT:    %w = arith.addi %n, %n : i32
// CHECK-NEXT:    memref.store %w, %a[%i]

// -----

func.func @an_access_between_may_touch_it(%a : memref<8xi32>, %i : index, %j : index, %n : i32) -> (i32, i32) {
  memref.store %n, %a[%i] : memref<8xi32>
  %x = memref.load %a[%j] : memref<8xi32>
  memref.store %x, %a[%j] : memref<8xi32>
  %v = memref.load %a[%i] : memref<8xi32>
  memref.store %v, %a[%i] : memref<8xi32>
  func.return %x, %v : i32, i32
}

// CHECK-LABEL: func.func @an_access_between_may_touch_it
// CHECK-NEXT:    memref.store %n, %a[%i]
// CHECK-NEXT:    %x = memref.load %a[%j]
// CHECK-NEXT:    memref.store %x, %a[%j]
// CHECK-NEXT:    %v = memref.load %a[%i]

// -----

func.func @an_access_between_touches_another(%a : memref<8xi32>, %i : index, %n : i32) -> i32 {
  %c1 = arith.constant 1 : index
  %j = arith.addi %i, %c1 : index
  memref.store %n, %a[%i] : memref<8xi32>
  memref.store %n, %a[%j] : memref<8xi32>
  %v = memref.load %a[%i] : memref<8xi32>
  func.return %v : i32
}

// CHECK-LABEL: func.func @an_access_between_touches_another
// CHECK-NOT:     memref.load
// CHECK:         func.return %n : i32

// -----

func.func @a_conditional_may_change_it(%a : memref<8xi32>, %i : index, %n : i32, %m : i32, %p : i1) -> i32 {
  memref.store %n, %a[%i] : memref<8xi32>
  scf.if %p {
    %u = memref.load %a[%i] : memref<8xi32>
    %w = arith.addi %u, %m : i32
    memref.store %w, %a[%i] : memref<8xi32>
  }
  %v = memref.load %a[%i] : memref<8xi32>
  func.return %v : i32
}

// Known in the conditional, not behind it.
// CHECK-LABEL: func.func @a_conditional_may_change_it
// CHECK-NEXT:    memref.store %n, %a[%i]
// CHECK-NEXT:    scf.if %p {
// CHECK-NEXT:      %w = arith.addi %n, %m : i32
// CHECK-NEXT:      memref.store %w, %a[%i]
// CHECK-NEXT:    }
// CHECK-NEXT:    %v = memref.load %a[%i]

// -----

func.func @a_loop_changes_it(%a : memref<8xi32>, %b : memref<8xi32>, %i : index, %n : i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  memref.store %n, %a[%i] : memref<8xi32>
  memref.store %n, %b[%i] : memref<8xi32>
  scf.for %k = %c0 to %c8 step %c1 {
    %u = memref.load %a[%i] : memref<8xi32>
    %w = arith.addi %u, %u : i32
    memref.store %w, %a[%i] : memref<8xi32>
  }
  %v = memref.load %a[%i] : memref<8xi32>
  %x = memref.load %b[%i] : memref<8xi32>
  func.return %v, %x : i32, i32
}

// CHECK-LABEL: func.func @a_loop_changes_it
// CHECK:           %u = memref.load %a[%i]
// CHECK:         %v = memref.load %a[%i]
// CHECK-NEXT:    func.return %v, %n : i32, i32

// -----

func.func @a_store_under_a_condition_overwrites_nothing(%a : memref<8xi32>, %i : index, %n : i32, %m : i32, %p : i1) {
  memref.store %n, %a[%i] : memref<8xi32>
  scf.if %p {
    memref.store %m, %a[%i] : memref<8xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @a_store_under_a_condition_overwrites_nothing
// CHECK-NEXT:    memref.store %n, %a[%i]
// CHECK-NEXT:    scf.if %p {
// CHECK-NEXT:      memref.store %m, %a[%i]

// RUN: gatewright-opt %s -p promote-accumulators --split-input-file | filecheck %s

func.func @a_sum(%a : memref<8xi32>, %b : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %v = memref.load %b[%i] : memref<8xi32>
      %x = memref.load %a[%j] : memref<8xi32>
      %w = arith.addi %v, %x : i32
      memref.store %w, %b[%i] : memref<8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @a_sum
// CHECK:           %[[BEFORE:.*]] = memref.load %b[%i]
// CHECK-NEXT:      %[[AFTER:.*]] = scf.for %j = %c0 to %c8 step %c1 iter_args(%[[V:.*]] = %[[BEFORE]]) -> (i32) {
// CHECK-NEXT:        %x = memref.load %a[%j]
// CHECK-NEXT:        %w = arith.addi %[[V]], %x : i32
// CHECK-NEXT:        scf.yield %w : i32
// CHECK-NEXT:      }
// CHECK-NEXT:      memref.store %[[AFTER]], %b[%i]

// -----

func.func @other_elements_are_proven_to_be_others(%a : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c0 to %i step %c1 {
      %v = memref.load %a[%i] : memref<8xi32>
      %x = memref.load %a[%j] : memref<8xi32>
      %w = arith.addi %v, %x : i32
      memref.store %w, %a[%i] : memref<8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @other_elements_are_proven_to_be_others
// CHECK:           memref.load %a[%i]
// CHECK-NEXT:      scf.for
// CHECK-NOT:         memref.load %a[%i]
// CHECK-NOT:         memref.store
// CHECK:             scf.yield
// CHECK:           memref.store

// -----

func.func @another_access_may_touch_it(%a : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %v = memref.load %a[%i] : memref<8xi32>
      %x = memref.load %a[%j] : memref<8xi32>
      %w = arith.addi %v, %x : i32
      memref.store %w, %a[%i] : memref<8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @another_access_may_touch_it
// CHECK:           scf.for %j = %c0 to %c8 step %c1 {
// CHECK-NEXT:        memref.load %a[%i]

// -----

func.func @the_element_changes(%a : memref<8xi32>, %n : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %n, %a[%i] : memref<8xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @the_element_changes
// CHECK:         scf.for %i = %c0 to %c8 step %c1 {
// CHECK-NEXT:      memref.store %n, %a[%i]

// -----

func.func @a_loop_that_may_not_run(%a : memref<8xi32>, %i : index, %m : index, %n : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %j = %c0 to %m step %c1 {
    memref.store %n, %a[%i] : memref<8xi32>
  }
  func.return
}

// %i may be outside the array where the loop does not run.
// CHECK-LABEL: func.func @a_loop_that_may_not_run
// CHECK:         %[[RUNS:.*]] = arith.cmpi slt, %c0, %m : index
// CHECK:         scf.if %[[RUNS]]
// CHECK-NEXT:      memref.load %a[%i]
// CHECK:         scf.for
// CHECK-NOT:       memref.store
// CHECK:           scf.yield
// CHECK:         scf.if %[[RUNS]] {
// CHECK-NEXT:      memref.store %{{.*}}, %a[%i]

// -----

func.func @stores_under_a_condition(%a : memref<8xi32>, %b : memref<8xi1>, %n : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %j = %c0 to %c8 step %c1 {
    %p = memref.load %b[%j] : memref<8xi1>
    scf.if %p {
      memref.store %n, %a[%c1] : memref<8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @stores_under_a_condition
// CHECK:         %[[BEFORE:.*]] = memref.load %a[%c1]
// CHECK-NEXT:    scf.for %j = %c0 to %c8 step %c1 iter_args(%[[OLD:.*]] = %[[BEFORE]]) -> (i32) {
// CHECK-NEXT:      %p = memref.load %b[%j]
// CHECK-NEXT:      %[[NEW:.*]] = arith.select %p, %n, %[[OLD]] : i32
// CHECK-NEXT:      scf.yield %[[NEW]] : i32

// -----

func.func @the_condition_keeps_it_inside(%a : memref<8xi32>, %n : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c10 = arith.constant 10 : index
  scf.for %i = %c0 to %c10 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %p = arith.cmpi slt, %i, %c8 : index
      scf.if %p {
        memref.store %n, %a[%i] : memref<8xi32>
      }
    }
  }
  func.return
}

// CHECK-LABEL: func.func @the_condition_keeps_it_inside
// CHECK:           scf.for %j
// CHECK-NEXT:        arith.cmpi
// CHECK-NEXT:        scf.if
// CHECK-NEXT:          memref.store %n, %a[%i]

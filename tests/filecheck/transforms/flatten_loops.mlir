// RUN: gatewright-opt %s -p flatten-loops --split-input-file | filecheck %s

func.func @perfect(%a : memref<4x8xi32>, %n : i32) {
  %c0 = arith.constant 0 : i5
  %c1 = arith.constant 1 : i5
  %c4 = arith.constant 4 : i5
  %c8 = arith.constant 8 : i5
  scf.for %i = %c0 to %c4 step %c1 : i5 {
    scf.for %j = %c0 to %c8 step %c1 : i5 {
      %x = arith.index_cast %i : i5 to index
      %y = arith.index_cast %j : i5 to index
      memref.store %n, %a[%x, %y] : memref<4x8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @perfect
// CHECK:         scf.while (%[[GO:.*]] = %{{.*}}, %[[I:.*]] = %c0, %[[F:.*]] = %{{.*}}, %[[J:.*]] = %{{.*}})
// CHECK-NEXT:      scf.condition(%[[GO]])
// CHECK-NEXT:    } do {
// CHECK-NEXT:    ^bb0(%{{.*}}: i1, %[[I:.*]]: i5, %[[FRESH:.*]]: i1, %[[J:.*]]: i5):
// CHECK-NEXT:      %[[NOW:.*]] = arith.select %[[FRESH]], %c0, %[[J]] : i5
// CHECK-NEXT:      %x = arith.index_cast %[[I]] : i5 to index
// CHECK-NEXT:      %y = arith.index_cast %[[NOW]] : i5 to index
// CHECK-NEXT:      memref.store %n, %a[%x, %y]
// CHECK-NOT:     scf.for

// -----

func.func @a_sum(%a : memref<8x8xi32>, %b : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %b[%i] : memref<8xi32>
    %r = scf.for %j = %c0 to %c8 step %c1 iter_args(%s = %v) -> (i32) {
      %x = memref.load %a[%i, %j] : memref<8x8xi32>
      %t = arith.addi %s, %x : i32
      scf.yield %t : i32
    }
    memref.store %r, %b[%i] : memref<8xi32>
  }
  func.return
}

// What stands before the inner loop happens in its first iteration, what stands behind it in the last.
// CHECK-LABEL: func.func @a_sum
// CHECK:         ^bb0(%{{.*}}: i1, %[[I:.*]]: index, %[[FRESH:.*]]: i1, %[[J:.*]]: index, %[[S:.*]]: i32, %[[HELD:.*]]: i32):
// CHECK-NEXT:      %[[LOADED:.*]] = scf.if %[[FRESH]] -> (i32) {
// CHECK-NEXT:        memref.load %b[%[[I]]]
// CHECK:           %[[V:.*]] = arith.select %[[FRESH]], %[[LOADED]], %[[HELD]] : i32
// CHECK:           arith.select %[[FRESH]], %[[V]], %[[S]] : i32
// CHECK:           memref.load %a[
// CHECK-NEXT:      %[[T:.*]] = arith.addi
// CHECK:           %[[LAST:.*]] = arith.cmpi sge, %{{.*}}, %{{.*}} : index
// CHECK:           scf.if %[[LAST]] {
// CHECK-NEXT:        memref.store %[[T]], %b[%[[I]]]

// -----

func.func @one_loop(%a : memref<8xi32>, %n : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %n, %a[%i] : memref<8xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @one_loop
// CHECK:         scf.for
// CHECK-NOT:     scf.while

// -----

func.func @a_division_for_every_iteration(%a : memref<8xi32>, %n : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %q = arith.divui %n, %n : i32
    scf.for %j = %c0 to %c8 step %c1 {
      memref.store %q, %a[%j] : memref<8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @a_division_for_every_iteration
// CHECK:         scf.for
// CHECK:           scf.for

// -----

func.func @other_control(%a : memref<8xi32>, %n : i32, %p : i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %false = arith.constant false
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %r = scf.while (%go = %p) : (i1) -> (i1) {
        scf.condition(%go) %go : i1
      } do {
      ^bb0(%g : i1):
        memref.store %n, %a[%j] : memref<8xi32>
        scf.yield %false : i1
      }
    }
  }
  func.return
}

// CHECK-LABEL: func.func @other_control
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             scf.while

// -----

func.func @bounds_are_loaded_a_row_ahead(%p : memref<9xi32>, %a : memref<64xi32>, %b : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %end = memref.load %p[%i] : memref<9xi32>
    %n = arith.index_cast %end : i32 to index
    scf.for %j = %c0 to %n step %c1 {
      %x = memref.load %a[%j] : memref<64xi32>
      memref.store %x, %b[%i] : memref<8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @bounds_are_loaded_a_row_ahead
// CHECK:           %[[SECOND:.*]] = arith.addi %c0, %c1
// CHECK:           %[[NOW:.*]] = memref.load %p[%c0]
// CHECK-NEXT:      %[[NEXT:.*]] = memref.load %p[%[[SECOND]]]
// CHECK:           scf.while (
// CHECK-SAME:          = %[[NOW]]
// CHECK-SAME:          = %[[NEXT]]
// CHECK:           } do {
// CHECK:             %[[LATER:.*]] = memref.load %p[
// CHECK:             scf.yield
// CHECK-SAME:          %[[LATER]]

// -----

func.func @bounds_that_the_nest_changes_are_not(%p : memref<9xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %end = memref.load %p[%i] : memref<9xi32>
    %n = arith.index_cast %end : i32 to index
    scf.for %j = %c0 to %n step %c1 {
      memref.store %end, %p[%j] : memref<9xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @bounds_that_the_nest_changes_are_not
// CHECK-NOT:       memref.load
// CHECK:           scf.while (

// -----

func.func @distances_are_noted_where_the_control_cannot_be_run(%a : memref<8x8xi32>, %n : index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c2 to %n step %c1 {
    %k = arith.subi %i, %c2 : index
    scf.for %j = %c0 to %c8 step %c1 {
      %x = memref.load %a[%k, %j] : memref<8x8xi32>
      memref.store %x, %a[%i, %j] : memref<8x8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @distances_are_noted_where_the_control_cannot_be_run
// CHECK:           memref.load %a[%{{.*}}, %{{.*}}] {gw.access = 0 : i64
// CHECK:           memref.store %{{.*}}, %a[%{{.*}}, %{{.*}}] {gw.access = 1 : i64
// CHECK:           gw.distances = [array<i64: 1, 0, 16>]

// RUN: gatewright-opt %s -p loops-to-schedule --split-input-file | filecheck %s

func.func @straight(%a : memref<8xi32>, %i : index) {
  %v = memref.load %a[%i] : memref<8xi32>
  %w = arith.addi %v, %v : i32
  memref.store %w, %a[%i] : memref<8xi32>
  func.return
}

// CHECK-LABEL: func.func @straight
// CHECK:         %[[V:.*]] = loopschedule.step {
// CHECK-NEXT:      %{{.*}} = memref.load %a[%i]
// CHECK:           loopschedule.register
// CHECK:         loopschedule.step {
// CHECK:           arith.addi %[[V]], %[[V]] : i32
// CHECK-NEXT:      memref.store
// CHECK:         func.return

// -----

func.func @iterations_overlap(%a : memref<8xi32>, %b : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %a[%i] : memref<8xi32>
    memref.store %v, %b[%i] : memref<8xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @iterations_overlap
// CHECK:         loopschedule.pipeline II = 1 trip_count = 8 iter_args(%{{.*}} = %c0)
// CHECK:           arith.cmpi slt
// CHECK:         loopschedule.pipeline.stage start = 0
// CHECK:           memref.load %a
// CHECK:         loopschedule.pipeline.stage start = 1
// CHECK:           memref.store %{{.*}}, %b

// -----

func.func @an_element_comes_from_the_last_store(%a : memref<9xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %a[%i] : memref<9xi32>
    %w = arith.addi %v, %v : i32
    %j = arith.addi %i, %c1 : index
    memref.store %w, %a[%j] : memref<9xi32>
  }
  func.return
}

// A load, a cycle later the store, and in the next the load of what has been stored: nothing is gained by overlap.
// CHECK-LABEL: func.func @an_element_comes_from_the_last_store
// CHECK:         loopschedule.pipeline II = 1 trip_count = 8
// CHECK:           memref.load %a
// CHECK:           arith.cmpi eq
// CHECK:           arith.select
// CHECK:           memref.store

// -----

func.func @a_guard_is_no_pipeline(%a : memref<8xi32>, %p : i1, %i : index, %n : i32) {
  %false = arith.constant false
  %r = scf.while (%go = %p) : (i1) -> (i1) {
    scf.condition(%go) %go : i1
  } do {
  ^bb0(%g : i1):
    %q = arith.divui %n, %n : i32
    memref.store %q, %a[%i] : memref<8xi32>
    scf.yield %false : i1
  }
  func.return
}

// CHECK-LABEL: func.func @a_guard_is_no_pipeline
// CHECK-NOT:     loopschedule.pipeline
// CHECK:         loopschedule.seq_while
// CHECK:           arith.divui %n, %n {gw.operator = #gw.operator<divui(i32)

// -----

func.func @a_store_under_a_condition(%a : memref<8xi32>, %p : i1, %i : index, %n : i32) {
  scf.if %p {
    memref.store %n, %a[%i] : memref<8xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @a_store_under_a_condition
// CHECK-NEXT:    loopschedule.step {
// CHECK-NEXT:      loopschedule.step when %p {
// CHECK-NEXT:        memref.store %n, %a[%i]

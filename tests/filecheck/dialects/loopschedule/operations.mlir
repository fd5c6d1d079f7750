// RUN: gatewright-opt %s | filecheck %s
// RUN: gatewright-opt %s --print-op-generic | filecheck %s --check-prefix GENERIC

func.func @steps(%p: i1, %a: memref<4xi32>, %i: index) -> i32 {
  %true = arith.constant true
  %x, %np = loopschedule.step {
    %x = memref.load %a[%i] : memref<4xi32>
    %np = arith.xori %p, %true : i1
    loopschedule.register %x, %np : i32, i1
  } : i32, i1
  %y = loopschedule.step when %p for 3 {
    %y = arith.muli %x, %x {gw.operator = #gw.operator<muli(i32, i32, i32), latency = 2>, gw.unit = 0 : i64} : i32
    loopschedule.register %y : i32
  } : i32
  loopschedule.step for 2 {
    loopschedule.step when %p {
      memref.store %y, %a[%i] : memref<4xi32>
      loopschedule.register
    }
    loopschedule.step when %np {
      memref.store %x, %a[%i] : memref<4xi32>
      loopschedule.register
    } {note = "the other arm"}
    loopschedule.register
  }
  func.return %y : i32
}

// CHECK:       func.func @steps
// CHECK:         %x, %np = loopschedule.step {
// CHECK:         } : i32, i1
// CHECK-NEXT:    %y = loopschedule.step when %p for 3 {
// CHECK-NEXT:      %y_1 = arith.muli %x, %x {gw.operator = #gw.operator<muli(i32, i32, i32), latency = 2>, gw.unit = 0 : i64} : i32
// CHECK-NEXT:      loopschedule.register %y_1 : i32
// CHECK-NEXT:    } : i32
// CHECK-NEXT:    loopschedule.step for 2 {
// CHECK-NEXT:      loopschedule.step when %p {
// CHECK:           loopschedule.step when %np {
// CHECK:           } {note = "the other arm"}
// CHECK-NEXT:      loopschedule.register
// CHECK-NEXT:    }

// GENERIC:       %x, %np = "loopschedule.step"() ({
// GENERIC:         "loopschedule.register"(%x_1, %np_1) : (i32, i1) -> ()
// GENERIC:       %y = "loopschedule.step"(%p) <{cycles = 3 : i64}> ({
// GENERIC:       "loopschedule.step"(%p) ({

func.func @loops(%n: index, %m: index) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r:2 = loopschedule.seq_while trip_count = 7 iter_args(%i = %c0, %s = %n) : (index, index) -> (index, index) attributes {note = "a loop"} {
    %c = arith.cmpi slt, %i, %m : index
    loopschedule.register %c : i1
  } do {
    %next:2 = loopschedule.step {
      %j = arith.addi %i, %c1 : index
      %t = arith.addi %s, %i : index
      loopschedule.register %j, %t : index, index
    } : index, index
    loopschedule.terminator iter_args(%next#0, %next#1), results(%next#0, %next#1) : (index, index) -> (index, index)
  }
  func.return %r#0, %r#1 : index, index
}

// CHECK:       func.func @loops
// CHECK:         %r, %r_1 = loopschedule.seq_while trip_count = 7 iter_args(%i = %c0, %s = %n) : (index, index) -> (index, index) attributes {note = "a loop"} {
// CHECK-NEXT:      %c = arith.cmpi slt, %i, %m : index
// CHECK-NEXT:      loopschedule.register %c : i1
// CHECK-NEXT:    } do {
// CHECK-NEXT:      %next, %next_1 = loopschedule.step {
// CHECK-NEXT:        %j = arith.addi %i, %c1 : index
// CHECK:           loopschedule.terminator iter_args(%next, %next_1), results(%next, %next_1) : (index, index) -> (index, index)

// GENERIC:       "loopschedule.seq_while"(%c0, %n) <{tripCount = 7 : i64}> ({
// GENERIC-NEXT:  ^bb0(%i: index, %s: index):
// GENERIC:       }) {note = "a loop"} : (index, index) -> (index, index)

func.func @pipeline(%a: memref<10xi32>, %p: i1) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c10 = arith.constant 10 : index
  %zero = arith.constant 0 : i32
  %sum = loopschedule.pipeline II = 2 trip_count = 10 iter_args(%i = %c0, %acc = %zero) : (index, i32) -> i32 {
    %c = arith.cmpi ult, %i, %c10 : index
    loopschedule.register %c : i1
  } do {
    %0:2 = loopschedule.pipeline.stage start = 0 {
      %j = arith.addi %i, %c1 : index
      %x = memref.load %a[%i] : memref<10xi32>
      loopschedule.register %j, %x : index, i32
    } : index, i32
    %1 = loopschedule.pipeline.stage start = 1 when %p {
      %t = arith.addi %0#1, %acc : i32
      loopschedule.register %t : i32
    } : i32
    loopschedule.terminator iter_args(%0#0, %1), results(%1) : (index, i32) -> i32
  }
  func.return %sum : i32
}

// CHECK:       func.func @pipeline
// CHECK:         %sum = loopschedule.pipeline II = 2 trip_count = 10 iter_args(%i = %c0, %acc = %zero) : (index, i32) -> i32 {
// CHECK:         } do {
// CHECK-NEXT:      %0, %1 = loopschedule.pipeline.stage start = 0 {
// CHECK:           } : index, i32
// CHECK-NEXT:      %2 = loopschedule.pipeline.stage start = 1 when %p {
// CHECK:           } : i32
// CHECK-NEXT:      loopschedule.terminator iter_args(%0, %2), results(%2) : (index, i32) -> i32

// GENERIC:       "loopschedule.pipeline"(%c0, %zero) <{II = 2 : i64, tripCount = 10 : i64}> ({
// GENERIC:       "loopschedule.pipeline.stage"() <{start = 0 : si64}> ({
// GENERIC:       "loopschedule.pipeline.stage"(%p) <{start = 1 : si64}> ({

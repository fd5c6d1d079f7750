// RUN: gatewright-opt %s -p narrow-indices,cse --split-input-file | filecheck %s

func.func @counted(%a : memref<8x8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %z = arith.constant 0 : i32
  scf.for %i = %c0 to %c8 step %c1 {
    %j = arith.subi %c8, %i : index
    %k = arith.muli %j, %j : index
    memref.store %z, %a[%i, %k] : memref<8x8xi32>
  }
  func.return
}

// A counter holds one step more than the largest value; 8 - i is 1 to 8, its square at most 64.
// CHECK-LABEL: func.func @counted
// CHECK:         scf.for %i = %{{.*}} to %{{.*}} step %{{.*}} : i5 {
// CHECK-NEXT:      %j = arith.subi %{{.*}}, %i : i5
// CHECK-NEXT:      %[[WIDE:.*]] = arith.extsi %j : i5 to i8
// CHECK-NEXT:      %k = arith.muli %[[WIDE]], %[[WIDE]] : i8
// CHECK:           arith.index_cast %k : i8 to index

// -----

func.func @unknown(%n : index) -> index {
  %c1 = arith.constant 1 : index
  %r = scf.while (%x = %n) : (index) -> (index) {
    %c = arith.cmpi slt, %x, %n : index
    scf.condition(%c) %x : index
  } do {
  ^bb0(%y : index):
    %z = arith.addi %y, %c1 : index
    scf.yield %z : index
  }
  func.return %r : index
}

// CHECK-LABEL: func.func @unknown
// CHECK:         arith.addi %y, %{{.*}} : i64

// -----

func.func @a_negative_number_read_as_a_large_one(%s : i3) -> index {
  %c2 = arith.constant 2 : index
  %x = arith.index_cast %s : i3 to index
  %y = arith.shrui %x, %c2 : index
  func.return %y : index
}

// CHECK-LABEL: func.func @a_negative_number_read_as_a_large_one
// CHECK:         arith.shrui %{{.*}}, %{{.*}} : i64

// -----

func.func @a_predicate_holds_nothing_but_its_store(%a : memref<8xi32>, %n : i32, %c : i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    scf.if %c {
      memref.store %n, %a[%i] : memref<8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @a_predicate_holds_nothing_but_its_store
// CHECK:         %[[I:.*]] = arith.index_cast %i : i5 to index
// CHECK-NEXT:    scf.if %c {
// CHECK-NEXT:      memref.store %n, %a[%[[I]]]

// -----

func.func @a_loop_that_starts_behind_its_end(%a : memref<32xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %c20 = arith.constant 20 : index
  %z = arith.constant 0 : i32
  scf.for %i = %c0 to %c20 step %c1 {
    scf.for %j = %i to %c5 step %c1 {
      memref.store %z, %a[%j] : memref<32xi32>
    }
  }
  func.return
}

// The inner counter has room for 19, where it never runs: cut to four bits, 16 would be 0.
// CHECK-LABEL: func.func @a_loop_that_starts_behind_its_end
// CHECK:         scf.for %i = %{{.*}} to %{{.*}} step %{{.*}} : i6 {
// CHECK:           scf.for %j = %{{.*}} to %{{.*}} step %{{.*}} : i6 {

// -----

func.func @any_number_of_times(%a : memref<32xi32>, %n : index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0 : i32
  scf.for %i = %c0 to %n step %c1 {
    memref.store %z, %a[%i] : memref<32xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @any_number_of_times
// CHECK:         scf.for %i = %{{.*}} to %{{.*}} step %{{.*}} : i64 {

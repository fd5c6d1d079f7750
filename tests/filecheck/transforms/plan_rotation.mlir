// RUN: gatewright-opt %s -p plan-rotation --split-input-file | filecheck %s

func.func @fibonacci(%a : memref<20xi32>) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c20 = arith.constant 20 : index
  scf.for %i = %c2 to %c20 step %c1 {
    %j = arith.subi %i, %c1 : index
    %x = memref.load %a[%j] : memref<20xi32>
    %k = arith.subi %i, %c2 : index
    %y = memref.load %a[%k] : memref<20xi32>
    %z = arith.addi %x, %y : i32
    memref.store %z, %a[%i] : memref<20xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @fibonacci
// CHECK:           %[[LAST:.*]] = arith.subi %c2, %c1
// CHECK-NEXT:      %[[X:.*]] = memref.load %a[%[[LAST]]]
// CHECK:           %[[Y:.*]] = memref.load %a[
// CHECK-NEXT:      scf.for %i = %c2 to %c20 step %c1 iter_args(%[[A:.*]] = %[[X]], %[[B:.*]] = %[[Y]]) -> (i32, i32) {
// CHECK-NOT:         memref.load
// CHECK:             %z = arith.addi %[[A]], %[[B]] : i32
// CHECK-NEXT:        memref.store %z, %a[%i]
// CHECK-NEXT:        scf.yield %z, %[[A]] : i32, i32

// -----

func.func @a_copy_of_a_copy(%a : memref<20xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c19 = arith.constant 19 : index
  scf.for %i = %c0 to %c19 step %c1 {
    %x = memref.load %a[%i] : memref<20xi32>
    %j = arith.addi %i, %c1 : index
    memref.store %x, %a[%j] : memref<20xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @a_copy_of_a_copy
// CHECK:           scf.for %i = %c0 to %c19 step %c1 iter_args(%[[X:.*]] = %{{.*}}) -> (i32) {
// CHECK-NOT:         memref.load
// CHECK:             memref.store %[[X]], %a[
// CHECK-NEXT:        scf.yield %[[X]] : i32

// -----

func.func @another_store_comes_between(%a : memref<20xi32>, %v : i32) {
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c20 = arith.constant 20 : index
  scf.for %i = %c1 to %c20 step %c1 {
    %j = arith.subi %i, %c1 : index
    %x = memref.load %a[%j] : memref<20xi32>
    memref.store %x, %a[%i] : memref<20xi32>
    memref.store %v, %a[%c3] : memref<20xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @another_store_comes_between
// CHECK:           scf.for %i = %c1 to %c20 step %c1 {
// CHECK:             memref.load

// -----

func.func @a_store_that_may_not_happen(%a : memref<20xi32>, %c : i1, %v : i32) {
  %c1 = arith.constant 1 : index
  %c20 = arith.constant 20 : index
  scf.for %i = %c1 to %c20 step %c1 {
    %j = arith.subi %i, %c1 : index
    %x = memref.load %a[%j] : memref<20xi32>
    scf.if %c {
      memref.store %x, %a[%i] : memref<20xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @a_store_that_may_not_happen
// CHECK:             memref.load

// -----

func.func @more_loads_in_front_of_an_inner_loop_than_it_saves(%a : memref<8x20xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  %c20 = arith.constant 20 : index
  scf.for %r = %c0 to %c8 step %c1 {
    scf.for %i = %c3 to %c20 step %c1 {
      %j = arith.subi %i, %c3 : index
      %x = memref.load %a[%r, %j] : memref<8x20xi32>
      memref.store %x, %a[%r, %i] : memref<8x20xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @more_loads_in_front_of_an_inner_loop_than_it_saves
// CHECK:           scf.for
// CHECK-NEXT:        scf.for
// CHECK:               memref.load

// -----

func.func @elements_that_come_closer(%a : memref<40xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c20 = arith.constant 20 : index
  %two = arith.constant 2 : index
  scf.for %i = %c0 to %c20 step %c1 {
    %x = memref.load %a[%i] : memref<40xi32>
    %j = arith.muli %i, %two : index
    memref.store %x, %a[%j] : memref<40xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @elements_that_come_closer
// CHECK:           scf.for %i = %c0 to %c20 step %c1 {
// CHECK:             memref.load

// RUN: gatewright-opt %s | filecheck %s
// RUN: gatewright-opt %s --print-op-generic | filecheck %s --check-prefix GENERIC

// The listing of the RFC that proposed the dialect, letter for letter, with its prefix `ls.`.

func.func @vadd(%arg0: memref<8xi32>,
%arg1: memref<8xi32>, %arg2: memref<8xi32>) {
ls.step {
%c0 = arith.constant 0 : index
%c8 = arith.constant 8 : index
%c1 = arith.constant 1 : index
ls.seq_while iter_args(%arg3 = %c0) : (index) -> () {
%0 = arith.cmpi slt, %arg3, %c8 : index
ls.register %0 : i1
} do {
%0:3 = ls.step {
%2 = arith.addi %arg3, %c1 : index
%3 = memref.load %arg0[%arg3] : memref<8xi32>
%4 = memref.load %arg1[%arg3] : memref<8xi32>
ls.register %2, %3, %4 : index, i32, i32
} : index, i32, i32
%1 = ls.step {
%2 = arith.addi %0#1, %0#2 : i32
ls.register %2 : i32
} : i32
ls.step {
memref.store %1, %arg2[%arg3] : memref<8xi32>
ls.register
}
ls.terminator iter_args(%0#0), results() : (index) -> ()
}
ls.register
}
return
}

// CHECK:       func.func @vadd(%arg0: memref<8xi32>, %arg1: memref<8xi32>, %arg2: memref<8xi32>) {
// CHECK-NEXT:    loopschedule.step {
// CHECK-NEXT:      %c0 = arith.constant 0 : index
// CHECK-NEXT:      %c8 = arith.constant 8 : index
// CHECK-NEXT:      %c1 = arith.constant 1 : index
// CHECK-NEXT:      loopschedule.seq_while iter_args(%arg3 = %c0) : (index) -> () {
// CHECK-NEXT:        %0 = arith.cmpi slt, %arg3, %c8 : index
// CHECK-NEXT:        loopschedule.register %0 : i1
// CHECK-NEXT:      } do {
// CHECK-NEXT:        %1, %2, %3 = loopschedule.step {
// CHECK-NEXT:          %4 = arith.addi %arg3, %c1 : index
// CHECK-NEXT:          %5 = memref.load %arg0[%arg3] : memref<8xi32>
// CHECK-NEXT:          %6 = memref.load %arg1[%arg3] : memref<8xi32>
// CHECK-NEXT:          loopschedule.register %4, %5, %6 : index, i32, i32
// CHECK-NEXT:        } : index, i32, i32
// CHECK-NEXT:        %7 = loopschedule.step {
// CHECK-NEXT:          %8 = arith.addi %2, %3 : i32
// CHECK-NEXT:          loopschedule.register %8 : i32
// CHECK-NEXT:        } : i32
// CHECK-NEXT:        loopschedule.step {
// CHECK-NEXT:          memref.store %7, %arg2[%arg3] : memref<8xi32>
// CHECK-NEXT:          loopschedule.register
// CHECK-NEXT:        }
// CHECK-NEXT:        loopschedule.terminator iter_args(%1), results() : (index) -> ()
// CHECK-NEXT:      }
// CHECK-NEXT:      loopschedule.register
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return

// GENERIC:       "loopschedule.step"() ({
// GENERIC:         "loopschedule.seq_while"(%c0) ({
// GENERIC-NEXT:    ^bb0(%arg3: index):
// GENERIC:         "loopschedule.terminator"(%1) <{operandSegmentSizes = array<i32: 1, 0>}> : (index) -> ()

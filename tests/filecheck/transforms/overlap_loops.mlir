// RUN: gatewright-opt %s -p loops-to-schedule,overlap-loops | filecheck %s

// What the second loop loads first has been stored long ago when the first one drains.
// CHECK-LABEL: @forwards
// CHECK:         loopschedule.step overlap 2 {
// CHECK:         loopschedule.step {
func.func @forwards(%a : memref<16xi32>, %b : memref<16xi32>, %c : memref<16xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    %x = memref.load %a[%i] : memref<16xi32>
    %y = arith.muli %x, %x : i32
    memref.store %y, %b[%i] : memref<16xi32>
  }
  scf.for %i = %c0 to %c16 step %c1 {
    %x = memref.load %b[%i] : memref<16xi32>
    memref.store %x, %c[%i] : memref<16xi32>
  }
  return
}

// It starts with the last element: that has to be stored first.
// CHECK-LABEL: @backwards
// CHECK-NOT:     overlap
// CHECK:         func.return
func.func @backwards(%a : memref<16xi32>, %b : memref<16xi32>, %c : memref<16xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c15 = arith.constant 15 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    %x = memref.load %a[%i] : memref<16xi32>
    %y = arith.muli %x, %x : i32
    memref.store %y, %b[%i] : memref<16xi32>
  }
  scf.for %i = %c0 to %c16 step %c1 {
    %j = arith.subi %c15, %i : index
    %x = memref.load %b[%j] : memref<16xi32>
    memref.store %x, %c[%i] : memref<16xi32>
  }
  return
}

// Where it starts depends on data: it may be the last element. Other arrays hinder nothing.
// CHECK-LABEL: @somewhere
// CHECK:         loopschedule.step {
// CHECK:         loopschedule.step overlap 2 {
// CHECK:         loopschedule.step {
func.func @somewhere(%a : memref<16xi32>, %b : memref<16xi32>, %c : memref<16xi32>, %d : memref<16xi32>, %n : index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    %x = memref.load %a[%i] : memref<16xi32>
    %y = arith.muli %x, %x : i32
    memref.store %y, %b[%i] : memref<16xi32>
  }
  scf.for %i = %c0 to %c16 step %c1 {
    %j = arith.subi %n, %i : index
    %x = memref.load %b[%j] : memref<16xi32>
    %y = arith.muli %x, %x : i32
    memref.store %y, %c[%i] : memref<16xi32>
  }
  scf.for %i = %c0 to %c16 step %c1 {
    %x = memref.load %c[%i] : memref<16xi32>
    memref.store %x, %d[%i] : memref<16xi32>
  }
  return
}

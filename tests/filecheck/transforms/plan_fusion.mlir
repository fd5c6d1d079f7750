// RUN: gatewright-opt %s -p plan-fusion | filecheck %s

// CHECK-LABEL: @same_element
// CHECK:         scf.for %i = %c0 to %c16 step %c1 {
// CHECK-NEXT:      %x = memref.load %a[%i]
// CHECK-NEXT:      memref.store %x, %b[%i]
// CHECK-NEXT:      %y = memref.load %b[%i]
// CHECK-NEXT:      memref.store %y, %c[%i]
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return
func.func @same_element(%a : memref<16xi32>, %b : memref<16xi32>, %c : memref<16xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c16 step %c1 {
    %x = memref.load %a[%i] : memref<16xi32>
    memref.store %x, %b[%i] : memref<16xi32>
  }
  scf.for %i = %c0 to %c16 step %c1 {
    %y = memref.load %b[%i] : memref<16xi32>
    memref.store %y, %c[%i] : memref<16xi32>
  }
  return
}

// The second loop would load what the first one stores in the next iteration.
// CHECK-LABEL: @next_element
// CHECK:         scf.for
// CHECK:         scf.for
func.func @next_element(%a : memref<16xi32>, %b : memref<16xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c15 = arith.constant 15 : index
  scf.for %i = %c0 to %c15 step %c1 {
    %x = memref.load %a[%i] : memref<16xi32>
    memref.store %x, %b[%i] : memref<16xi32>
  }
  scf.for %i = %c0 to %c15 step %c1 {
    %j = arith.addi %i, %c1 : index
    %y = memref.load %b[%j] : memref<16xi32>
    memref.store %y, %a[%i] : memref<16xi32>
  }
  return
}

// A nest is fused with all of its loops, what is between moves in front, and results stay results.
// CHECK-LABEL: @nests
// CHECK:         %t = memref.alloc() : memref<4x8xi32>
// CHECK-NEXT:    %n = arith.addi %m, %m : index
// CHECK-NEXT:    scf.for %i = %c0 to %m step %c1 {
// CHECK-NEXT:      scf.for %j = %c0 to %i step %c1 {
// CHECK-NEXT:        %x = memref.load %a[%i, %j]
// CHECK-NEXT:        memref.store %x, %t[%i, %j]
// CHECK-NEXT:        %y = memref.load %t[%i, %j]
// CHECK-NEXT:        memref.store %y, %b[%i, %n]
// CHECK-NEXT:      }
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return
func.func @nests(%a : memref<4x8xi32>, %b : memref<4x8xi32>, %m : index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = memref.alloc() : memref<4x8xi32>
  scf.for %i = %c0 to %m step %c1 {
    scf.for %j = %c0 to %i step %c1 {
      %x = memref.load %a[%i, %j] : memref<4x8xi32>
      memref.store %x, %t[%i, %j] : memref<4x8xi32>
    }
  }
  %n = arith.addi %m, %m : index
  scf.for %i = %c0 to %m step %c1 {
    scf.for %j = %c0 to %i step %c1 {
      %y = memref.load %t[%i, %j] : memref<4x8xi32>
      memref.store %y, %b[%i, %n] : memref<4x8xi32>
    }
  }
  return
}

// CHECK-LABEL: @sums
// CHECK:         %s, %p = scf.for %i = %c0 to %c16 step %c1 iter_args(%acc = %k, %prod = %k) -> (i32, i32) {
// CHECK:           scf.yield %z, %w : i32, i32
// CHECK:         func.return %s, %p : i32, i32
func.func @sums(%a : memref<16xi32>, %k : i32) -> (i32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %s = scf.for %i = %c0 to %c16 step %c1 iter_args(%acc = %k) -> (i32) {
    %x = memref.load %a[%i] : memref<16xi32>
    %z = arith.addi %x, %acc : i32
    scf.yield %z : i32
  }
  %p = scf.for %i = %c0 to %c16 step %c1 iter_args(%prod = %k) -> (i32) {
    %y = memref.load %a[%i] : memref<16xi32>
    %w = arith.muli %y, %prod : i32
    scf.yield %w : i32
  }
  return %s, %p : i32, i32
}

// Other bounds, no common array, a result that the second loop needs, a store in between: these stay apart.
// CHECK-LABEL: @apart
// CHECK-COUNT-6: scf.for
func.func @apart(%a : memref<16xi32>, %b : memref<16xi32>, %k : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c15 = arith.constant 15 : index
  %c16 = arith.constant 16 : index
  %s = scf.for %i = %c0 to %c16 step %c1 iter_args(%acc = %k) -> (i32) {
    %x = memref.load %a[%i] : memref<16xi32>
    %z = arith.addi %x, %acc : i32
    scf.yield %z : i32
  }
  scf.for %i = %c0 to %c16 step %c1 {
    %x = memref.load %a[%i] : memref<16xi32>
    %y = arith.addi %x, %s : i32
    memref.store %y, %a[%i] : memref<16xi32>
  }
  scf.for %i = %c0 to %c15 step %c1 {
    memref.store %k, %a[%i] : memref<16xi32>
  }
  scf.for %i = %c0 to %c15 step %c1 {
    memref.store %k, %b[%i] : memref<16xi32>
  }
  memref.store %k, %b[%c15] : memref<16xi32>
  scf.for %i = %c0 to %c15 step %c1 {
    %x = memref.load %b[%i] : memref<16xi32>
    memref.store %x, %a[%i] : memref<16xi32>
  }
  scf.for %i = %c0 to %c16 step %c1 {
    memref.store %k, %b[%i] : memref<16xi32>
  }
  return
}

// Counters of other types count in another way.
// CHECK-LABEL: @counters
// CHECK:         scf.for
// CHECK:         scf.for
func.func @counters(%a : memref<16xi32>, %k : i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %n0 = arith.constant 0 : i8
  %n1 = arith.constant 1 : i8
  %n16 = arith.constant 16 : i8
  scf.for %i = %c0 to %c16 step %c1 {
    memref.store %k, %a[%i] : memref<16xi32>
  }
  scf.for %j = %n0 to %n16 step %n1 : i8 {
    %i = arith.index_cast %j : i8 to index
    memref.store %k, %a[%i] : memref<16xi32>
  }
  return
}

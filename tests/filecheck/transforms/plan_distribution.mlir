// RUN: gatewright-opt %s -p plan-distribution | filecheck %s

// The sum goes through an array, what is computed from the counter is computed again.
// CHECK-LABEL: @behind
// CHECK:         %s = memref.alloc() : memref<8xi32>
// CHECK-NEXT:    scf.for %i = %c0 to %c8 step %c1 {
// CHECK-NEXT:      %r = arith.subi %c7, %i : index
// CHECK-NEXT:      %s_1 = scf.for %j = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (i32) {
// CHECK:           }
// CHECK-NEXT:      %0 = arith.subi %i, %c0 : index
// CHECK-NEXT:      memref.store %s_1, %s[%0] : memref<8xi32>
// CHECK-NEXT:    }
// CHECK-NEXT:    scf.for %i_1 = %c0 to %c8 step %c1 {
// CHECK-NEXT:      %1 = arith.subi %i_1, %c0 : index
// CHECK-NEXT:      %s_2 = memref.load %s[%1] : memref<8xi32>
// CHECK-NEXT:      %r_1 = arith.subi %c7, %i_1 : index
// CHECK-NEXT:      %d = memref.load %n[%r_1] : memref<8xi32>
// CHECK-NEXT:      %q = arith.divui %s_2, %d : i32
// CHECK-NEXT:      memref.store %q, %m[%r_1] : memref<8xi32>
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return
func.func @behind(%a : memref<8x8xi32>, %n : memref<8xi32>, %m : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i32
  scf.for %i = %c0 to %c8 step %c1 {
    %r = arith.subi %c7, %i : index
    %s = scf.for %j = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (i32) {
      %x = memref.load %a[%r, %j] : memref<8x8xi32>
      %y = arith.addi %x, %acc : i32
      scf.yield %y : i32
    }
    %d = memref.load %n[%r] : memref<8xi32>
    %q = arith.divui %s, %d : i32
    memref.store %q, %m[%r] : memref<8xi32>
  }
  return
}

// The next sum needs the last quotient.
// CHECK-LABEL: @recurrence
// CHECK-NOT:     memref.alloc
// CHECK:         func.return
func.func @recurrence(%a : memref<8x8xi32>, %m : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i32
  scf.for %i = %c0 to %c8 step %c1 {
    %s = scf.for %j = %c0 to %i step %c1 iter_args(%acc = %zero) -> (i32) {
      %x = memref.load %m[%j] : memref<8xi32>
      %y = arith.addi %x, %acc : i32
      scf.yield %y : i32
    }
    %d = memref.load %a[%i, %i] : memref<8x8xi32>
    %q = arith.divui %s, %d : i32
    memref.store %q, %m[%i] : memref<8xi32>
  }
  return
}

// Nothing takes long here, or nothing is beside it.
// CHECK-LABEL: @whole
// CHECK-NOT:     memref.alloc
// CHECK:         func.return
func.func @whole(%a : memref<8x8xi32>, %m : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %d = memref.load %m[%i] : memref<8xi32>
    scf.for %j = %c0 to %c8 step %c1 {
      %x = memref.load %a[%i, %j] : memref<8x8xi32>
      %q = arith.divui %x, %d : i32
      memref.store %q, %a[%i, %j] : memref<8x8xi32>
    }
    memref.store %d, %m[%i] : memref<8xi32>
  }
  return
}

// A counter that is no index is none of an array either.
// CHECK-LABEL: @narrow
// CHECK-NOT:     memref.alloc
// CHECK:         func.return
func.func @narrow(%a : memref<8xi32>) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c8 = arith.constant 8 : i32
  scf.for %i = %c0 to %c8 step %c1 : i32 {
    %s = scf.for %j = %c0 to %i step %c1 iter_args(%acc = %c0) -> (i32) : i32 {
      %y = arith.addi %j, %acc : i32
      scf.yield %y : i32
    }
    %q = arith.divui %s, %i : i32
    %k = arith.index_cast %i : i32 to index
    memref.store %q, %a[%k] : memref<8xi32>
  }
  return
}

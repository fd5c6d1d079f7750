// RUN: gatewright-opt %s -p plan-distribution{multipliers=1} | filecheck %s
// RUN: gatewright-opt %s -p plan-distribution{multipliers=2} | filecheck %s --check-prefix TWO
// RUN: gatewright-opt %s -p plan-distribution | filecheck %s --check-prefix TWO

// One multiplier cannot do both products in a cycle. 4 x 8 iterations are not enough for a loop of their own, 4 x 4 x 8
// are not either: the loop around is split with the inner one. What is computed between them is computed again.
// CHECK-LABEL: @scaled
// CHECK:         %s = memref.alloc() : memref<4x4xi32>
// CHECK-NEXT:    scf.for %i = %c0 to %c4 step %c1 {
// CHECK-NEXT:      %row = arith.subi %c3, %i : index
// CHECK-NEXT:      scf.for %k = %c0 to %c4 step %c1 {
// CHECK-NEXT:        %s_1 = scf.for %j
// CHECK:             %0 = arith.subi %i, %c0 : index
// CHECK-NEXT:        %1 = arith.subi %k, %c0 : index
// CHECK-NEXT:        memref.store %s_1, %s[%0, %1] : memref<4x4xi32>
// CHECK-NEXT:      }
// CHECK-NEXT:    } {gw{{.*}}distributed
// CHECK-NEXT:    scf.for %i_1 = %c0 to %c4 step %c1 {
// CHECK-NEXT:      scf.for %k_1 = %c0 to %c4 step %c1 {
// CHECK-NEXT:        %2 = arith.subi %i_1, %c0 : index
// CHECK-NEXT:        %3 = arith.subi %k_1, %c0 : index
// CHECK-NEXT:        %s_2 = memref.load %s[%2, %3] : memref<4x4xi32>
// CHECK-NEXT:        %row_1 = arith.subi %c3, %i_1 : index
// CHECK-NEXT:        %f = memref.load %n[%k_1] : memref<4xi32>
// CHECK-NEXT:        %q = arith.muli %s_2, %f : i32
// CHECK-NEXT:        memref.store %q, %m[%row_1, %k_1] : memref<4x4xi32>
// CHECK-NEXT:      }
// CHECK-NEXT:    } {gw{{.*}}distributed
// TWO-LABEL:   @scaled
// TWO-NOT:       memref.alloc
// TWO:           func.return
func.func @scaled(%a : memref<4x8xi32>, %n : memref<4xi32>, %m : memref<4x4xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i32
  scf.for %i = %c0 to %c4 step %c1 {
    %row = arith.subi %c3, %i : index
    scf.for %k = %c0 to %c4 step %c1 {
      %s = scf.for %j = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (i32) {
        %x = memref.load %a[%row, %j] : memref<4x8xi32>
        %p = arith.muli %x, %x : i32
        %y = arith.addi %p, %acc : i32
        scf.yield %y : i32
      }
      %f = memref.load %n[%k] : memref<4xi32>
      %q = arith.muli %s, %f : i32
      memref.store %q, %m[%row, %k] : memref<4x4xi32>
    }
  }
  return
}

// Floats have multipliers of their own.
// CHECK-LABEL: @two_kinds
// CHECK-NOT:     memref.alloc
// CHECK:         func.return
func.func @two_kinds(%a : memref<8x8xi32>, %m : memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0 : i32
  %third = arith.constant 0.3 : f32
  scf.for %i = %c0 to %c8 step %c1 {
    %s = scf.for %j = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (i32) {
      %x = memref.load %a[%i, %j] : memref<8x8xi32>
      %p = arith.muli %x, %x : i32
      %y = arith.addi %p, %acc : i32
      scf.yield %y : i32
    }
    %f = arith.sitofp %s : i32 to f32
    %q = arith.mulf %f, %third : f32
    memref.store %q, %m[%i] : memref<8xf32>
  }
  return
}

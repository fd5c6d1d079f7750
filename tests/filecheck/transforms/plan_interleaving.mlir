// RUN: gatewright-opt %s -p plan-interleaving | filecheck %s

// An addition of single precision takes seven cycles: eight sums side by side may each take eight.
// CHECK-LABEL: @rows
// CHECK:         %0 = arith.constant {gw.any} 0.000000e+00 : f32
// CHECK:         scf.for %block = %c0 to %c8 step %3 {
// CHECK-NEXT:      %5, %6, %7, %8, %9, %10, %11, %12 = scf.for %k = %c0 to %c16 step %c1
// CHECK-NEXT:        %21, %22, %23, %24, %25, %26, %27, %28 = scf.for %i = %1 to %3 step %4
// CHECK-NEXT:          %37 = arith.addi %block, %i : index
// CHECK-NEXT:          %38 = arith.cmpi eq, %k, %1 : index
// CHECK-NEXT:          %39 = scf.if %38 -> (f32) {
// CHECK-NEXT:            %first = memref.load %b[%37] : memref<8xf32>
// CHECK-NEXT:            scf.yield %first : f32
// CHECK-NEXT:          } else {
// CHECK-NEXT:            scf.yield %29 : f32
// CHECK-NEXT:          }
// CHECK-NEXT:          %p = memref.load %a[%37, %k] : memref<8x16xf32>
// CHECK-NEXT:          %q = memref.load %x[%k] : memref<16xf32>
// CHECK-NEXT:          %m = arith.mulf %p, %q : f32
// CHECK-NEXT:          %n = arith.addf %39, %m : f32
// CHECK-NEXT:          %40 = arith.cmpi eq, %k, %2 : index
// CHECK-NEXT:          scf.if %40 {
// CHECK-NEXT:            memref.store %n, %y[%37] : memref<8xf32>
// CHECK-NEXT:          }
// CHECK-NEXT:          scf.yield %30, %31, %32, %33, %34, %35, %36, %n
func.func @rows(%a : memref<8x16xf32>, %x : memref<16xf32>, %b : memref<8xf32>, %y : memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %first = memref.load %b[%i] : memref<8xf32>
    %s = scf.for %k = %c0 to %c16 step %c1 iter_args(%acc = %first) -> (f32) {
      %p = memref.load %a[%i, %k] : memref<8x16xf32>
      %q = memref.load %x[%k] : memref<16xf32>
      %m = arith.mulf %p, %q : f32
      %n = arith.addf %acc, %m : f32
      scf.yield %n : f32
    }
    memref.store %s, %y[%i] : memref<8xf32>
  }
  return
}

// The next row needs what this one stores.
// CHECK-LABEL: @depends
// CHECK:         scf.for %i = %c0 to %c8 step %c1 {
// CHECK-NEXT:      %s = scf.for %k
func.func @depends(%a : memref<8x16xf32>, %y : memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c8 step %c1 {
    %s = scf.for %k = %c0 to %c16 step %c1 iter_args(%acc = %zero) -> (f32) {
      %p = memref.load %a[%i, %k] : memref<8x16xf32>
      %q = memref.load %y[%k] : memref<16xf32>
      %m = arith.mulf %p, %q : f32
      %n = arith.addf %acc, %m : f32
      scf.yield %n : f32
    }
    memref.store %s, %y[%i] : memref<16xf32>
  }
  return
}

// 67 rows are done 17 at a time, so that one is none: it repeats the last one, and stores nothing.
// CHECK-LABEL: @prime
// CHECK:         scf.for %block = %c0 to %c67 step
// CHECK:           arith.addi %block, %i : index
// CHECK-NEXT:      %[[#INSIDE:]] = arith.cmpi sle
// CHECK-NEXT:      arith.select %[[#INSIDE]]
// CHECK:           arith.andi %{{[0-9]+}}, %[[#INSIDE]] : i1
func.func @prime(%a : memref<67x16xf32>, %y : memref<67xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c67 = arith.constant 67 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c67 step %c1 {
    %s = scf.for %k = %c0 to %c16 step %c1 iter_args(%acc = %zero) -> (f32) {
      %p = memref.load %a[%i, %k] : memref<67x16xf32>
      %n = arith.addf %acc, %p : f32
      scf.yield %n : f32
    }
    memref.store %s, %y[%i] : memref<67xf32>
  }
  return
}

// Of the four columns too few sums would be side by side, of the sixteen channels enough: those move inside.
// CHECK-LABEL: @few_columns
// CHECK:         scf.for %r = %c0
// CHECK-NEXT:      scf.for %x = %c0
// CHECK-NEXT:        %0 = arith.constant {gw.any}
func.func @few_columns(%a : memref<17x9xf32>, %b : memref<4x4x9xf32>, %y : memref<17x4x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c9 = arith.constant 9 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %c = %c0 to %c16 step %c1 {
    %d = arith.addi %c, %c1 : index
    scf.for %r = %c0 to %c3 step %c1 {
      %up = arith.addi %r, %c1 : index
      scf.for %x = %c0 to %c4 step %c1 {
        %s = scf.for %k = %c0 to %c9 step %c1 iter_args(%acc = %zero) -> (f32) {
          %p = memref.load %a[%d, %k] : memref<17x9xf32>
          %q = memref.load %b[%up, %x, %k] : memref<4x4x9xf32>
          %m = arith.mulf %p, %q : f32
          %n = arith.addf %acc, %m : f32
          scf.yield %n : f32
        }
        memref.store %s, %y[%d, %up, %x] : memref<17x4x4xf32>
      }
    }
  }
  return
}

// A channel needs what the one before stores: only columns take turns.
// CHECK-LABEL: @channels_depend
// CHECK:         scf.for %c = %c0
// CHECK:           scf.for %block
func.func @channels_depend(%a : memref<16x9xf32>, %y : memref<17x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c9 = arith.constant 9 : index
  %c16 = arith.constant 16 : index
  scf.for %c = %c0 to %c16 step %c1 {
    scf.for %x = %c0 to %c4 step %c1 {
      %first = memref.load %y[%c, %x] : memref<17x4xf32>
      %s = scf.for %k = %c0 to %c9 step %c1 iter_args(%acc = %first) -> (f32) {
        %p = memref.load %a[%c, %k] : memref<16x9xf32>
        %n = arith.addf %acc, %p : f32
        scf.yield %n : f32
      }
      %d = arith.addi %c, %c1 : index
      memref.store %s, %y[%d, %x] : memref<17x4xf32>
    }
  }
  return
}

// Eight columns are enough.
// CHECK-LABEL: @many_columns
// CHECK:         scf.for %c = %c0
// CHECK:           scf.for %block
func.func @many_columns(%a : memref<16x9xf32>, %b : memref<8x9xf32>, %y : memref<16x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c9 = arith.constant 9 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %c = %c0 to %c16 step %c1 {
    scf.for %x = %c0 to %c8 step %c1 {
      %s = scf.for %k = %c0 to %c9 step %c1 iter_args(%acc = %zero) -> (f32) {
        %p = memref.load %a[%c, %k] : memref<16x9xf32>
        %q = memref.load %b[%x, %k] : memref<8x9xf32>
        %m = arith.mulf %p, %q : f32
        %n = arith.addf %acc, %m : f32
        scf.yield %n : f32
      }
      memref.store %s, %y[%c, %x] : memref<16x8xf32>
    }
  }
  return
}

// RUN: gatewright-opt %s -p "label-loops,permute-loops{order=\"r\",\"x\",\"c\"}" | filecheck %s

// The loops by their names, the new outermost one first; what computes between them moves inside.
// CHECK-LABEL: @few_columns
// CHECK:         scf.for %r = %c0 to %c3 step %c1 {
// CHECK-NEXT:      scf.for %x = %c0 to %c4 step %c1 {
// CHECK-NEXT:        scf.for %c = %c0 to %c16 step %c1 {
// CHECK-NEXT:          %d = arith.addi %c, %c1 : index
// CHECK-NEXT:          %up = arith.addi %r, %c1 : index
// CHECK-NEXT:          %s = scf.for %k
// CHECK:                 %p = memref.load %a[%d, %k] : memref<17x9xf32>
// CHECK-NEXT:            %q = memref.load %b[%up, %x, %k] : memref<4x4x9xf32>
// CHECK:               memref.store %s, %y[%d, %up, %x] : memref<17x4x4xf32>
// CHECK:             } {gw.loop = ["c"]}
// CHECK-NEXT:      } {gw.loop = ["x"]}
// CHECK-NEXT:    } {gw.loop = ["r"]}
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

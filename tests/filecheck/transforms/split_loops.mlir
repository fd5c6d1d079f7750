// RUN: gatewright-opt %s -p "label-loops,split-loops{loops=\"i\" after=1}" | filecheck %s

// Behind the inner loop, whatever stands there. The second part gets a name of its own.
// CHECK-LABEL: @rows
// CHECK:         %s = memref.alloc() : memref<8xf32>
// CHECK:         } {gw.loop = ["i"], gw.distributed}
// CHECK:         scf.for
// CHECK:         } {gw{{.*}}"i_2"
func.func @rows(%a : memref<8x16xf32>, %y : memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c8 step %c1 {
    %s = scf.for %k = %c0 to %c16 step %c1 iter_args(%acc = %zero) -> (f32) {
      %p = memref.load %a[%i, %k] : memref<8x16xf32>
      %n = arith.addf %acc, %p : f32
      scf.yield %n : f32
    }
    memref.store %s, %y[%i] : memref<8xf32>
  }
  return
}

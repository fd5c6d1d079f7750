// RUN: gatewright-opt %s -p "label-loops,interleave-loops{loop=\"i\" count=2}" | filecheck %s

// As many as are asked for, though more would be faster.
// CHECK-LABEL: @rows
// CHECK:         %[[TWO:.*]] = arith.constant 2 : index
// CHECK:         scf.for %block = %c0 to %c8 step %[[TWO]] {
// CHECK-NEXT:      %{{.*}}, %{{.*}} = scf.for %k = %c0 to %c16 step %c1 iter_args(
// CHECK-NEXT:        %{{.*}}, %{{.*}} = scf.for %i
// CHECK:             } {gw.loop = ["i_turn"], gw.sums = "2 side by side, each in program order"}
// CHECK:         } {gw.loop = ["i"]}
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

// RUN: gatewright-opt %s -p "label-loops,split-sums{loop=\"k\" parts=7}" | filecheck %s

// Seven sums in turn; six of them start with what changes nothing.
// CHECK-LABEL: @dot
// CHECK:         %0 = arith.constant -0.000000e+00 : f32
// CHECK-NEXT:    %1, %2, %3, %4, %5, %6, %7 = scf.for %k = %c0 to %c64 step %c1 iter_args(%acc = %start, %8 = %0, %9 = %0, %10 = %0, %11 = %0, %12 = %0, %13 = %0)
// CHECK-NEXT:      %x = memref.load %a[%k] : memref<64xf32>
// CHECK-NEXT:      %n = arith.addf %acc, %x : f32
// CHECK-NEXT:      scf.yield %8, %9, %10, %11, %12, %13, %n
// CHECK-NEXT:    } {gw.loop = ["k"], gw.sums = "7 partial sums in turn"}
// CHECK-NEXT:    %14 = arith.addf %1, %2 : f32
// CHECK-NEXT:    %15 = arith.addf %3, %4 : f32
// CHECK-NEXT:    %16 = arith.addf %5, %6 : f32
// CHECK-NEXT:    %17 = arith.addf %14, %15 : f32
// CHECK-NEXT:    %18 = arith.addf %16, %7 : f32
// CHECK-NEXT:    %s = arith.addf %17, %18 : f32
// CHECK-NEXT:    func.return %s : f32
func.func @dot(%a : memref<64xf32>, %start : f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %s = scf.for %k = %c0 to %c64 step %c1 iter_args(%acc = %start) -> (f32) {
    %x = memref.load %a[%k] : memref<64xf32>
    %n = arith.addf %acc, %x : f32
    scf.yield %n : f32
  }
  return %s : f32
}

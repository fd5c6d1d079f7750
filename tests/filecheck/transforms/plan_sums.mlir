// RUN: gatewright-opt %s -p "plan-sums{reassociate=true}" | filecheck %s

// An addition takes seven cycles.
// CHECK-LABEL: @dot
// CHECK-SAME:    gw.plan = [#gw.decision<partial_sums(k), 7 : i64, "in program order an iteration would take 7 cycles">]
// CHECK:         scf.for %k = %c0 to %c64 step %c1 iter_args(%acc = %start, %8 = %0, %9 = %0, %10 = %0, %11 = %0, %12 = %0, %13 = %0)
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

// What is asked for is done.
// CHECK-LABEL: @dot_of_three
// CHECK-SAME:    gw.plan = [#gw.decision<partial_sums(k), 3 : i64, "asked for">]
// CHECK:         iter_args(%acc = %start, %4 = %0, %5 = %0)
func.func @dot_of_three(%a : memref<64xf32>, %start : f32) -> f32
    attributes {gw.asked = [#gw.decision<partial_sums(k), 3 : i64, "">]} {
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

// What is subtracted is not a sum, and a sum of integers does not wait.
// CHECK-LABEL: @others
// CHECK:         scf.for %k = %c0 to %c64 step %c1 iter_args(%acc = %start) -> (f32)
// CHECK:         scf.for %k_1 = %c0 to %c64 step %c1 iter_args(%acc_1 = %first) -> (i32)
func.func @others(%a : memref<64xf32>, %b : memref<64xi32>, %start : f32, %first : i32) -> (f32, i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %s = scf.for %k = %c0 to %c64 step %c1 iter_args(%acc = %start) -> (f32) {
    %x = memref.load %a[%k] : memref<64xf32>
    %n = arith.subf %x, %acc : f32
    scf.yield %n : f32
  }
  %t = scf.for %k = %c0 to %c64 step %c1 iter_args(%acc = %first) -> (i32) {
    %x = memref.load %b[%k] : memref<64xi32>
    %n = arith.addi %acc, %x : i32
    scf.yield %n : i32
  }
  return %s, %t : f32, i32
}

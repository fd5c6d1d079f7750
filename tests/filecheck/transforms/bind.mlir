// RUN: gatewright-opt %s -p bind | filecheck %s
// RUN: gatewright-opt %s -p bind,check-schedule | filecheck %s

func.func @products(%x: i32 {gw.name = "x", gw.type = "i32"}, %a: memref<4xi32> {gw.name = "a", gw.type = "i32"}) -> (i32 {gw.type = "i32", gw.result = 0 : i64}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = memref.alloc() : memref<4xi32>
  %w = memref.get_global @weights : memref<2xi32>
  %one:2 = loopschedule.step for 3 {
    %p = arith.muli %x, %x {gw.latency = 2 : i64} : i32
    %q = arith.addi %x, %x : i32
    %v = memref.load %w[%c0] : memref<2xi32>
    memref.store %q, %t[%c0] : memref<4xi32>
    loopschedule.register %p, %v : i32, i32
  } : i32, i32
  loopschedule.step {
    memref.store %one#0, %a[%c0] : memref<4xi32>
    loopschedule.register
  }
  %two = loopschedule.step for 3 {
    %r = arith.muli %one#1, %x {gw.latency = 2 : i64} : i32
    %u = memref.load %t[%c0] : memref<4xi32>
    loopschedule.register %r : i32
  } : i32
  func.return %two : i32
}
"memref.global"() <{sym_name = "weights", sym_visibility = "private", type = memref<2xi32>, constant, initial_value = dense<[3, -1]> : tensor<2xi32>}> : () -> ()

// An array that is an argument, one inside, and one with contents, each with the ports that it needs.
// CHECK:      %a: memref<4xi32> {{.*}}gw.memory = #gw.memory<"a", write>
// CHECK:      %t = memref.alloc() {gw.memory = #gw.memory<"t", read, write>}
// CHECK-NEXT: %w = memref.get_global @weights : memref<2xi32> {gw.memory = #gw.memory<"w", read, image = "products_w.mem">}
// A product that is read after it has left the multiplier is kept; a sum that is read at once is not, nor is a word that
// the port of its memory still shows.
// CHECK:      arith.muli %x, %x {gw.operator = #gw.operator<muli(i32, i32, i32), latency = 2>, gw.unit = 0 : i64, gw.registers = 1 : i64}
// CHECK-NEXT: arith.addi %x, %x {gw.registers = 0 : i64}
// CHECK-NEXT: memref.load %w[%c0] {gw.registers = 0 : i64}
// What shares no unit has one of its own.
// CHECK:      arith.muli {{.*}} gw.unit = 1 : i64

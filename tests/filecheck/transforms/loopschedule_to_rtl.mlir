// RUN: gatewright-opt %s -p loopschedule-to-rtl | filecheck %s

func.func @double(%x: i32 {gw.name = "x", gw.type = "i32"}) -> (i32 {gw.type = "i32", gw.result = 0 : i64}) {
  %twice = loopschedule.step {
    %sum = arith.addi %x, %x : i32
    loopschedule.register %sum : i32
  } : i32
  func.return %twice : i32
}

// CHECK:       hw.module @double_1(in %clk: !seq.clock, in %rst: i1, in %start: i1, out ready: i1, out done: i1,
// CHECK-SAME:    in %x: i32, out result: i32) {
// CHECK:         %x_sampled = seq.compreg.ce %x, %clk, %accepted : i32
// CHECK:         %sum = comb.add %x_sampled, %x_sampled
// CHECK:         %sum_held = seq.compreg.ce %sum, %clk, %first_step_active : i32
// CHECK-NEXT:    hw.output

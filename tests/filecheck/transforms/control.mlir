// RUN: gatewright-opt %s -p bind,control | filecheck %s

func.func @twice(%x: i32 {gw.name = "x", gw.type = "i32"}) -> (i32 {gw.type = "i32", gw.result = 0 : i64}) {
  %twice = loopschedule.step for 3 {
    %product = arith.muli %x, %x {gw.latency = 2 : i64} : i32
    loopschedule.register %product : i32
  } : i32
  func.return %twice : i32
}

// CHECK:       hw.module @twice(in %clk: !seq.clock, in %rst: i1, in %start: i1, out ready: i1, out done: i1,
// CHECK-SAME:    in %x: i32, out result: i32) {
// CHECK:         %x_sampled = seq.compreg.ce %x, %clk, %accepted : i32
// CHECK:         %[[P:[0-9]+]] = gw.invoke "arith.muli" on 0 : i64 of <muli(i32, i32, i32), latency = 2> at %first_step_active(%x_sampled, %x_sampled)
// CHECK:         %product_held = seq.compreg.ce %[[P]], %clk, %step1_wait_1 : i32
// CHECK:         hw.output {{.*}} %product_held

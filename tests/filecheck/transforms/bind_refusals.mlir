// RUN: gatewright-opt %s -p bind | filecheck %s

func.func @slow(%x: i32 {gw.name = "x", gw.type = "i32"}) {
  loopschedule.step for 9 {
    %p = arith.muli %x, %x {gw.latency = 8 : i64} : i32
    loopschedule.register
  }
  func.return
}

// CHECK:      arith.muli is scheduled to take 8 cycles, its operator mul_32x32_32_l2 takes 2
// CHECK-NEXT:   help: gw.latency = 2

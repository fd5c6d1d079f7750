// RUN: gatewright-opt %s -p to-hw | filecheck %s

hw.module @shared(in %clk: !seq.clock, in %rst: i1, in %s: i1, in %t: i1, in %a: i16, in %b: i16, in %i: i3, in %j: i3, out p: i16, out q: i16, out address: i3, out enable: i1) {
  // Two products on one multiplier: the tokens choose the operands.
  %p = gw.invoke "arith.muli" on 0 : i64 of <muli(i16, i16, i16), latency = 1> at %s(%a, %b) : (i16, i16) -> i16
  %q = gw.invoke "arith.muli" on 0 : i64 of <muli(i16, i16, i16), latency = 1> at %t(%b, %b) : (i16, i16) -> i16
  // Two loads through one port of a memory outside.
  gw.request "read port" of "m" at %s address %i : i3
  gw.request "read port" of "m" at %t address %j : i3
  %address = gw.port_signal "address" of "read port" of "m" : i3
  %enable = gw.port_signal "enable" of "read port" of "m" : i1
  hw.output %p, %q, %address, %enable : i16, i16, i3, i1
}

// CHECK:      hw.module @shared
// CHECK-NEXT: %[[A:[a-z0-9_]+]] = comb.mux %s, %a, %b
// CHECK-NEXT: %[[ENABLE:[a-z0-9_]+]] = comb.or %s, %t
// CHECK-NEXT: %[[R:[a-z0-9_]+]] = hw.instance "mul_16x16_16_l1_unit0" @mul_16x16_16_l1(clk: %clk: !seq.clock, a: %[[A]]: i16, b: %b: i16)
// CHECK-NEXT: %[[ADDRESS:[a-z0-9_]+]] = comb.mux %s, %i, %j
// CHECK-NEXT: hw.output %[[R]], %[[R]], %[[ADDRESS]], %[[ENABLE]]
// CHECK:      hw.module private @mul_16x16_16_l1

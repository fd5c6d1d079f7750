// RUN: gatewright-opt %s -p check-plan --split-input-file | filecheck %s

// What was done has served; what was not is an error.
// CHECK-LABEL: @done
// CHECK-SAME:    attributes {gw.plan = [#gw.decision<interleave(i), 2 : i64, "asked for">]}
func.func @done() attributes {
  gw.asked = [#gw.decision<interleave(i), 2 : i64, "asked for">],
  gw.plan = [#gw.decision<interleave(i), 2 : i64, "asked for">]
} {
  return
}

// -----

// CHECK: interleave(x, 2) is about x, which is no loop
// CHECK: the loops are: i
func.func @unknown() attributes {
  gw.asked = [#gw.decision<interleave(x), 2 : i64, "asked for">],
  gw.plan = [#gw.decision<flatten(i), true, "20 operations">]
} {
  return
}

// RUN: gatewright-opt %s -p plan-order | filecheck %s

// What is asked for is done, and is in the plan.
// CHECK-LABEL: @swapped
// CHECK-SAME:    gw.plan = [#gw.decision<order(j, i), none, "for the port">]
// CHECK:         scf.for %j = %c0 to %c8
// CHECK-NEXT:      scf.for %i = %c0 to %c4
func.func @swapped(%a : memref<4x8xi32>) attributes {gw.asked = [#gw.decision<order(j, i), none, "for the port">]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %one = arith.constant 1 : i32
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      memref.store %one, %a[%i, %j] : memref<4x8xi32>
    }
  }
  return
}

// RUN: gatewright-opt %s -p plan-flattening | filecheck %s

// The nest that the user wants to keep stays; that inside it is flattened, and so is the other one.
// CHECK-LABEL: @kept
// CHECK-SAME:    #gw.decision<flatten(i), false, "asked for">
// CHECK-SAME:    #gw.decision<flatten(j), true
// CHECK:         scf.for %i
// CHECK:           scf.while
// CHECK:           } attributes {{{.*}}gw.loop = ["j", "k"]}
func.func @kept(%a : memref<4x8x8xi32>) attributes {gw.asked = [#gw.decision<flatten(i), false, "asked for">]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %one = arith.constant 1 : i32
  scf.for %i = %c0 to %c4 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      scf.for %k = %c0 to %c8 step %c1 {
        memref.store %one, %a[%i, %j, %k] : memref<4x8x8xi32>
      }
    }
  }
  return
}

// RUN: gatewright-opt %s -p label-loops | filecheck %s

// Loops are called after their counters, made unique in the order of the text; what has a name keeps it.
// CHECK-LABEL: @names
// CHECK-SAME:    attributes {gw.asked = [#gw.decision<interleave(i), 8 : i64, "asked for">, #gw.decision<order(i, j), none, "asked for">]}
// CHECK:         scf.for %i
// CHECK-NOT:       gw.directive
// CHECK:           scf.for %j
// CHECK:           } {gw.loop = ["j"]}
// CHECK-NEXT:    } {gw.loop = ["i"]}
// CHECK:         } {gw.loop = ["i_2"]}
// CHECK:         } {gw.loop = ["rows"]}
// CHECK:         } attributes {gw.loop = ["loop"]}
func.func @names(%a : memref<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %one = arith.constant 1 : i32
  %going = arith.constant true
  scf.for %i = %c0 to %c8 step %c1 {
    gw.directive "interleave" = 8 : i64 for %i
    scf.for %j = %c0 to %c8 step %c1 {
      gw.directive "order" for %i, %j
      memref.store %one, %a[%j] : memref<8xi32>
    }
  }
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %one, %a[%i] : memref<8xi32>
  }
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %one, %a[%i] : memref<8xi32>
  } {gw.loop = ["rows"]}
  %r = scf.while (%c = %going) : (i1) -> i1 {
    scf.condition(%c) %c : i1
  } do {
  ^bb0(%d : i1):
    %no = arith.constant false
    scf.yield %no : i1
  }
  return
}

// RUN: gatewright-opt %s -p outline-tasks | filecheck %s

// An array that two tasks use becomes a channel; one that is of one task only stays in it, with the constants.
// CHECK:       func.func private @pair_0(%x: memref<4xi16> {gw.name = "x"}, %c: memref<4xi16> {gw.name = "c", gw.channel}) attributes
// CHECK:         %own = memref.alloc() {gw.array = "own"} : memref<4xi16>
// CHECK:         } {gw.loop = ["i"]}
// CHECK:         } {gw.loop = ["j"]}
// CHECK:       func.func private @pair_1(%y: memref<4xi16> {gw.name = "y"}, %c: memref<4xi16> {gw.name = "c", gw.channel}) attributes
// CHECK:         } {gw.loop = ["k"]}
// CHECK:       func.func @pair(%x: memref<4xi16> {gw.name = "x"}, %y: memref<4xi16> {gw.name = "y"})
// CHECK-NEXT:    %c = dataflow.channel {gw.array = "c"} : memref<4xi16>
// CHECK-NEXT:    dataflow.task @pair_0(%x, %c) {multipliers = 3 : i64} : (memref<4xi16>, memref<4xi16>) -> ()
// CHECK-NEXT:    dataflow.task @pair_1(%y, %c) : (memref<4xi16>, memref<4xi16>) -> ()
// CHECK-NEXT:    func.return
func.func @pair(%x : memref<4xi16> {gw.name = "x"}, %y : memref<4xi16> {gw.name = "y"})
    attributes {gw.plan = [#gw.decision<task(i), 3 : i64, "">, #gw.decision<task(k), 0 : i64, "">]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %own = memref.alloc() {gw.array = "own"} : memref<4xi16>
  %c = memref.alloc() {gw.array = "c"} : memref<4xi16>
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %x[%i] : memref<4xi16>
    %w = arith.addi %v, %v : i16
    memref.store %w, %own[%i] : memref<4xi16>
  } {gw.loop = ["i"]}
  scf.for %j = %c0 to %c4 step %c1 {
    %v = memref.load %own[%j] : memref<4xi16>
    memref.store %v, %c[%j] : memref<4xi16>
  } {gw.loop = ["j"]}
  scf.for %k = %c0 to %c4 step %c1 {
    %v = memref.load %c[%k] : memref<4xi16>
    memref.store %v, %y[%k] : memref<4xi16>
  } {gw.loop = ["k"]}
  func.return
}

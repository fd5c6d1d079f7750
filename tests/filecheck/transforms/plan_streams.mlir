// RUN: gatewright-opt %s -p plan-streams | filecheck %s

// The second nest goes through what the first one stores in that order, and its own loop over results comes inside.
// CHECK:       order(q, r, o)
// CHECK:       scf.for %y =
// CHECK:         scf.for %x =
// CHECK:           memref.store %{{.*}}, %d[%y, %x]
// CHECK:       scf.for %q =
// CHECK-NEXT:    scf.for %r =
// CHECK-NEXT:      scf.for %o =
func.func @image(%a : memref<4x8xi16>, %b : memref<2x4x8xi16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %d = memref.alloc() : memref<4x8xi16>
  scf.for %y = %c0 to %c4 step %c1 {
    scf.for %x = %c0 to %c8 step %c1 {
      %v = memref.load %a[%y, %x] : memref<4x8xi16>
      memref.store %v, %d[%y, %x] : memref<4x8xi16>
    }
  }
  scf.for %o = %c0 to %c2 step %c1 {
    scf.for %q = %c0 to %c4 step %c1 {
      scf.for %r = %c0 to %c8 step %c1 {
        %w = memref.load %d[%q, %r] : memref<4x8xi16>
        memref.store %w, %b[%o, %q, %r] : memref<2x4x8xi16>
      }
    }
  }
  func.return
}

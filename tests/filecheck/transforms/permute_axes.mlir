// RUN: gatewright-opt %s -p permute-axes | filecheck %s

// What is stored row by row, with the channels innermost, is kept so; what is loaded from it is the same.
// CHECK:       %d = memref.alloc() : memref<4x8x2xi16>
// CHECK:         memref.store %v, %d[%y, %x, %o] : memref<4x8x2xi16>
// CHECK:         %w = memref.load %d[%y_1, %x_1, %o_1] : memref<4x8x2xi16>
func.func @rows(%a : memref<8xi16>, %b : memref<2x4x8xi16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %d = memref.alloc() : memref<2x4x8xi16>
  scf.for %y = %c0 to %c4 step %c1 {
    scf.for %x = %c0 to %c8 step %c1 {
      scf.for %o = %c0 to %c2 step %c1 {
        %v = memref.load %a[%x] : memref<8xi16>
        memref.store %v, %d[%o, %y, %x] : memref<2x4x8xi16>
      }
    }
  }
  scf.for %o = %c0 to %c2 step %c1 {
    scf.for %y = %c0 to %c4 step %c1 {
      scf.for %x = %c0 to %c8 step %c1 {
        %w = memref.load %d[%o, %y, %x] : memref<2x4x8xi16>
        memref.store %w, %b[%o, %y, %x] : memref<2x4x8xi16>
      }
    }
  }
  func.return
}

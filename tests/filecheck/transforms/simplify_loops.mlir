// RUN: gatewright-opt %s -p simplify-loops | filecheck %s

func.func @f(%a : memref<8xi32>, %n : index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : i32
  %c6 = arith.addi %c3, %c3 : i32
  %no = arith.constant false
  scf.if %no {
    memref.store %c3, %a[%c0] : memref<8xi32>
  }
  scf.for %i = %c0 to %c0 step %c1 {
    memref.store %c3, %a[%i] : memref<8xi32>
  }
  scf.for %i = %c0 to %n step %c1 {
    %c4 = arith.constant 4 : i32
    %c8 = arith.addi %c4, %c4 : i32
    memref.store %c8, %a[%i] : memref<8xi32>
  }
  func.return %c6 : i32
}

// CHECK-LABEL: func.func @f
// CHECK:         %c6 = arith.constant 6 : i32
// CHECK-NEXT:    scf.for %{{.*}} = %{{.*}} to %n
// CHECK-NEXT:      %c8 = arith.constant 8 : i32
// CHECK-NEXT:      memref.store %c8
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return %c6 : i32

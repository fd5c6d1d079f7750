// RUN: gatewright-opt %s -p rotate-while --split-input-file | filecheck %s

func.func @a_load_decides(%a : memref<8xi32>, %n : i32, %i : index) -> i32 {
  %r = scf.while (%x = %n) : (i32) -> (i32) {
    %l = memref.load %a[%i] : memref<8xi32>
    %c = arith.cmpi slt, %l, %x : i32
    scf.condition(%c) %l : i32
  } do {
  ^bb0(%y : i32):
    %z = arith.addi %y, %n : i32
    scf.yield %z : i32
  }
  func.return %r : i32
}

// CHECK-LABEL: func.func @a_load_decides
// CHECK-NEXT:    %l = memref.load %a[%i] : memref<8xi32>
// CHECK-NEXT:    %c = arith.cmpi slt, %l, %n : i32
// CHECK-NEXT:    scf.while (%[[C:.*]] = %c, %[[V:.*]] = %l) : (i1, i32) -> (i1, i32) {
// CHECK-NEXT:      scf.condition(%[[C]]) %[[C]], %[[V]] : i1, i32
// CHECK-NEXT:    } do {
// CHECK:           %z = arith.addi
// CHECK-NEXT:      %[[L:.*]] = memref.load %a[%i] : memref<8xi32>
// CHECK-NEXT:      %[[D:.*]] = arith.cmpi slt, %[[L]], %z : i32
// CHECK-NEXT:      scf.yield %[[D]], %[[L]] : i1, i32

// -----

func.func @a_comparison_stays(%n : i32) -> i32 {
  %r = scf.while (%x = %n) : (i32) -> (i32) {
    %c = arith.cmpi slt, %x, %n : i32
    scf.condition(%c) %x : i32
  } do {
  ^bb0(%y : i32):
    %z = arith.addi %y, %n : i32
    scf.yield %z : i32
  }
  func.return %r : i32
}

// CHECK-LABEL: func.func @a_comparison_stays
// CHECK-NEXT:    scf.while (%x = %n)
// CHECK-NEXT:      arith.cmpi slt, %x, %n : i32

// RUN: gatewright-opt %s -p sink-stores{limit=9} | filecheck %s

func.func private @change(%a : memref<8xi32>)

func.func @seen_by_a_call(%a : memref<8xi32>, %i : index, %c : i1, %v : i32) {
  scf.if %c {
    memref.store %v, %a[%i] : memref<8xi32>
    func.call @change(%a) : (memref<8xi32>) -> ()
  } else {
    memref.store %v, %a[%i] : memref<8xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @seen_by_a_call
// CHECK-NEXT:    scf.if %c {
// CHECK-NEXT:      memref.store

// RUN: gatewright-opt %s -p sink-stores{limit=9} --split-input-file | filecheck %s

func.func @both_branches(%a : memref<8xi32>, %i : index, %c : i1, %v : i32, %w : i32) {
  scf.if %c {
    memref.store %v, %a[%i] : memref<8xi32>
  } else {
    memref.store %w, %a[%i] : memref<8xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @both_branches
// CHECK-NEXT:    %v_1 = scf.if %c -> (i32) {
// CHECK-NEXT:      scf.yield %v : i32
// CHECK-NEXT:    } else {
// CHECK-NEXT:      scf.yield %w : i32
// CHECK-NEXT:    }
// CHECK-NEXT:    memref.store %v_1, %a[%i] : memref<8xi32>

// -----

func.func @of_three(%a : memref<8xi32>, %i : index, %c : i1, %d : i1, %v : i32, %w : i32) {
  scf.if %c {
    memref.store %v, %a[%i] : memref<8xi32>
  } else {
    scf.if %d {
      memref.store %w, %a[%i] : memref<8xi32>
    } else {
      memref.store %v, %a[%i] : memref<8xi32>
    }
  }
  func.return
}

// CHECK-LABEL: func.func @of_three
// CHECK-COUNT-1:  memref.store
// CHECK:      func.return

// -----

func.func @another_element(%a : memref<8xi32>, %i : index, %j : index, %c : i1, %v : i32) {
  scf.if %c {
    memref.store %v, %a[%i] : memref<8xi32>
  } else {
    memref.store %v, %a[%j] : memref<8xi32>
  }
  func.return
}

// CHECK-LABEL: func.func @another_element
// CHECK-NEXT:    scf.if %c {
// CHECK-NEXT:      memref.store

// -----

func.func @read_behind_it(%a : memref<8xi32>, %i : index, %c : i1, %v : i32) -> i32 {
  %r = scf.if %c -> (i32) {
    memref.store %v, %a[%i] : memref<8xi32>
    %x = memref.load %a[%i] : memref<8xi32>
    scf.yield %x : i32
  } else {
    memref.store %v, %a[%i] : memref<8xi32>
    scf.yield %v : i32
  }
  func.return %r : i32
}

// CHECK-LABEL: func.func @read_behind_it
// CHECK-NEXT:    %r = scf.if %c -> (i32) {
// CHECK-NEXT:      memref.store

// RUN: gatewright-opt %s -p forward-copies | filecheck %s

// A copy that is only read is the array itself, converted where it is read.
// CHECK-LABEL: func.func @converted
// CHECK-NOT: memref.alloc

// CHECK: memref.load %a[%j] : memref<8xi16>
// CHECK-NEXT: arith.extsi
// CHECK-NOT: memref.store {{.*}} memref<8xi32>
func.func @converted(%a: memref<8xi16>, %r: memref<4xi32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %eight = arith.constant 8 : index
  %x = memref.alloc() : memref<8xi32>
  scf.for %i = %zero to %eight step %one {
    %v = memref.load %a[%i] : memref<8xi16>
    %w = arith.extsi %v : i16 to i32
    memref.store %w, %x[%i] : memref<8xi32>
  }
  scf.for %i = %zero to %four step %one {
    %j = arith.addi %i, %four : index
    %v = memref.load %x[%j] : memref<8xi32>
    memref.store %v, %r[%i] : memref<4xi32>
  }
  func.return
}

// One whose original changes behind it stays.
// CHECK-LABEL: func.func private @changed
// CHECK: memref.alloc
func.func private @changed(%a: memref<8xi32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %eight = arith.constant 8 : index
  %x = memref.alloc() : memref<8xi32>
  scf.for %i = %zero to %eight step %one {
    %v = memref.load %a[%i] : memref<8xi32>
    memref.store %v, %x[%i] : memref<8xi32>
  }
  scf.for %i = %zero to %eight step %one {
    %j = arith.subi %eight, %i : index
    %k = arith.subi %j, %one : index
    %v = memref.load %x[%k] : memref<8xi32>
    memref.store %v, %a[%i] : memref<8xi32>
  }
  func.return
}

// One of a part of its array stays, as does one that is read beside its original.
// CHECK-LABEL: func.func private @others
// CHECK: memref.alloc
// CHECK: memref.alloc
func.func private @others(%a: memref<8xi32>, %r: memref<8xi32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %four = arith.constant 4 : index
  %eight = arith.constant 8 : index
  %x = memref.alloc() : memref<8xi32>
  %y = memref.alloc() : memref<8xi32>
  scf.for %i = %zero to %four step %one {
    %v = memref.load %a[%i] : memref<8xi32>
    memref.store %v, %x[%i] : memref<8xi32>
  }
  scf.for %i = %zero to %eight step %one {
    %v = memref.load %a[%i] : memref<8xi32>
    memref.store %v, %y[%i] : memref<8xi32>
  }
  scf.for %i = %zero to %four step %one {
    %v = memref.load %x[%i] : memref<8xi32>
    memref.store %v, %r[%i] : memref<8xi32>
  }
  scf.for %i = %four to %eight step %one {
    %v = memref.load %y[%i] : memref<8xi32>
    %w = memref.load %a[%i] : memref<8xi32>
    %s = arith.addi %v, %w : i32
    memref.store %s, %r[%i] : memref<8xi32>
  }
  func.return
}

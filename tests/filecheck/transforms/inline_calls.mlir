// RUN: gatewright-opt %s -p inline-calls | filecheck %s

// CHECK:       func.func @top(%a: memref<8xi32>, %x: i32) -> i32 {
// CHECK-NEXT:    %t = memref.alloc() : memref<8xi32>
// CHECK-NEXT:    %c0 = arith.constant 0 : index
// CHECK-NEXT:    %v = loopschedule.step {
// CHECK-NEXT:      %v0 = memref.load %t[%c0] : memref<8xi32>
// CHECK-NEXT:      loopschedule.register %v0 : i32
// CHECK-NEXT:    } : i32
// CHECK-NEXT:    loopschedule.step {
// CHECK-NEXT:      memref.store %x, %t[%c0] : memref<8xi32>
// CHECK-NEXT:      loopschedule.register
// CHECK-NEXT:    }
// CHECK-NEXT:    func.return %v : i32
// CHECK-NEXT:  }
// CHECK-NOT:   @exchange
func.func @top(%a: memref<8xi32>, %x: i32) -> i32 {
  %old = loopschedule.step {
    %r = func.call @exchange(%x) : (i32) -> i32
    loopschedule.register %r : i32
  } : i32
  return %old : i32
}

func.func private @exchange(%x: i32) -> i32 {
  %t = memref.alloc() : memref<8xi32>
  %c0 = arith.constant 0 : index
  %v = loopschedule.step {
    %v0 = memref.load %t[%c0] : memref<8xi32>
    loopschedule.register %v0 : i32
  } : i32
  loopschedule.step {
    memref.store %x, %t[%c0] : memref<8xi32>
    loopschedule.register
  }
  return %v : i32
}

// RUN: gatewright-opt %s -p "label-loops,grow-squares{loops=i,j}" | filecheck %s

// What is new in a square is a column down to the corner, and then the row back.
// CHECK-LABEL: @product
// CHECK:         scf.for %i = %[[ZERO:.*]] to %{{.*}} step %[[ONE:.*]] {
// CHECK-NEXT:      %[[TWICE:.*]] = arith.addi %i, %i : index
// CHECK-NEXT:      %[[END:.*]] = arith.addi %[[TWICE]], %[[ONE]] : index
// CHECK-NEXT:      scf.for %j = %[[ZERO]] to %[[END]] step %[[ONE]] {
// CHECK-NEXT:        %[[BACK:.*]] = arith.subi %[[TWICE]], %j : index
// CHECK-NEXT:        %[[ROW:.*]] = arith.minsi %j, %i : index
// CHECK-NEXT:        %[[COLUMN:.*]] = arith.minsi %[[BACK]], %i : index
// CHECK:             memref.load %a[%[[ROW]]]
// CHECK:             memref.load %b[%[[COLUMN]]]
// CHECK:             memref.store %{{.*}}, %c[%[[ROW]], %[[COLUMN]]]
func.func @product(%a : memref<8xi32>, %b : memref<8xi32>, %c : memref<8x8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %x = memref.load %a[%i] : memref<8xi32>
      %y = memref.load %b[%j] : memref<8xi32>
      %z = arith.muli %x, %y : i32
      memref.store %z, %c[%i, %j] : memref<8x8xi32>
    }
  }
  return
}

// RUN: gatewright-opt %s -p fuse-elementwise --split-input-file | filecheck %s

// A computation joins the elementwise operation that alone uses it.

func.func @chain(%a: tensor<2x3xi32>, %b: tensor<3xi32>) -> tensor<2x3xi32> {
  %e = tensor.empty() : tensor<2x3xi32>
  %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%a, %b : tensor<2x3xi32>, tensor<3xi32>) outs(%e : tensor<2x3xi32>) {
  ^bb0(%x: i32, %y: i32, %o: i32):
    %v = arith.addi %x, %y : i32
    linalg.yield %v : i32
  } -> tensor<2x3xi32>
  %p = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%s, %s : tensor<2x3xi32>, tensor<2x3xi32>) outs(%e : tensor<2x3xi32>) {
  ^bb0(%x: i32, %y: i32, %o: i32):
    %v = arith.muli %x, %y : i32
    linalg.yield %v : i32
  } -> tensor<2x3xi32>
  func.return %p : tensor<2x3xi32>
}

// CHECK-LABEL: func.func @chain
// CHECK:         linalg.generic
// CHECK-SAME:      ins(%a, %b : tensor<2x3xi32>, tensor<3xi32>)
// CHECK:           %v = arith.addi
// CHECK-NEXT:      arith.muli %v, %v : i32
// CHECK-NOT:     linalg.generic

// -----

// A transposition joins a reduction as a map; a computation does not join one, and one with two users stays.

func.func @apart(%a: tensor<3x2xi32>) -> (tensor<2xi32>, tensor<2x3xi32>) {
  %e = tensor.empty() : tensor<2x3xi32>
  %t = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<3x2xi32>) outs(%e : tensor<2x3xi32>) {
  ^bb0(%x: i32, %o: i32):
    linalg.yield %x : i32
  } -> tensor<2x3xi32>
  %p = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%t : tensor<2x3xi32>) outs(%e : tensor<2x3xi32>) {
  ^bb0(%x: i32, %o: i32):
    %v = arith.muli %x, %x : i32
    linalg.yield %v : i32
  } -> tensor<2x3xi32>
  %z = arith.constant dense<0> : tensor<2xi32>
  %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%p : tensor<2x3xi32>) outs(%z : tensor<2xi32>) {
  ^bb0(%x: i32, %o: i32):
    %v = arith.addi %o, %x : i32
    linalg.yield %v : i32
  } -> tensor<2xi32>
  func.return %s, %p : tensor<2xi32>, tensor<2x3xi32>
}

// CHECK-LABEL: func.func @apart
// CHECK:         %p = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>
// CHECK-SAME:      ins(%a : tensor<3x2xi32>)
// CHECK:           arith.muli
// CHECK:         %s = linalg.generic
// CHECK-SAME:      ins(%p : tensor<2x3xi32>)

// -----

// Quantised models are read by their integers: those stay if they are asked for. (The RUN line asks for nothing.)

func.func @quantized(%a: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xi8>
  %f = tensor.empty() : tensor<4xf32>
  %q = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%e : tensor<4xi8>) {
  ^bb0(%x: f32, %o: i8):
    %v = arith.fptosi %x : f32 to i8
    linalg.yield %v : i8
  } -> tensor<4xi8>
  %p = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%q : tensor<4xi8>) outs(%f : tensor<4xf32>) {
  ^bb0(%x: i8, %o: f32):
    %v = arith.sitofp %x : i8 to f32
    linalg.yield %v : f32
  } -> tensor<4xf32>
  func.return %p : tensor<4xf32>
}

// CHECK-LABEL: func.func @quantized
// CHECK:         linalg.generic
// CHECK-NEXT:    ^
// CHECK-NEXT:      arith.fptosi
// CHECK-NEXT:      arith.sitofp
// CHECK-NOT:     linalg.generic

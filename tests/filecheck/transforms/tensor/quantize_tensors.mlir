// RUN: gatewright-opt %s -p 'quantize-tensors{format="fixed<8,4>"}' --split-input-file | filecheck %s

// A dense layer: weights with a binary point of their own, the bias in the accumulator, one rounding at the end.

func.func @dense(%x: tensor<2xf32>) -> tensor<1xf32> {
  %w = arith.constant dense<[[0.25, -0.75]]> : tensor<1x2xf32>
  %b = arith.constant dense<1.5> : tensor<1xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%x, %w : tensor<2xf32>, tensor<1x2xf32>) outs(%b : tensor<1xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %p = arith.mulf %i, %j : f32
    %v = arith.addf %o, %p : f32
    linalg.yield %v : f32
  } -> tensor<1xf32>
  %e = tensor.empty() : tensor<1xf32>
  %z = arith.constant 0.0 : f32
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%s : tensor<1xf32>) outs(%e : tensor<1xf32>) {
  ^bb0(%i: f32, %o: f32):
    %v = arith.maximumf %i, %z : f32
    linalg.yield %v : f32
  } -> tensor<1xf32>
  func.return %r : tensor<1xf32>
}

// CHECK-LABEL: func.func @dense(%x: tensor<2xi8> {gw.name = "arg0", gw.type = "fixed<8,4>"})
// CHECK-SAME:    -> (tensor<1xi8> {gw.name = "result", gw.type = "fixed<8,4>", gw.result = 0 : i64})
// CHECK-NEXT:    arith.constant dense<[1, -3]> : tensor<2xi3>
// CHECK:         linalg.generic
// CHECK:           arith.constant 96 : i11
// CHECK:         linalg.generic {{.*}}"reduction"
// CHECK:           arith.muli
// CHECK:           arith.addi {{.*}} : i11
// CHECK:         linalg.generic
// CHECK:           arith.maxsi
// CHECK:           arith.shrsi
// CHECK:           arith.minsi
// CHECK:           linalg.yield {{.*}} : i8

// -----

// The largest element needs no rounding; minus infinity is the smallest number of the format.

func.func @pool(%x: tensor<4xf32>) -> tensor<f32> {
  %low = arith.constant dense<"0x000080FF"> : tensor<f32>
  %s = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>], iterator_types = ["reduction"]} ins(%x : tensor<4xf32>) outs(%low : tensor<f32>) {
  ^bb0(%i: f32, %o: f32):
    %v = arith.maximumf %o, %i : f32
    linalg.yield %v : f32
  } -> tensor<f32>
  func.return %s : tensor<f32>
}

// CHECK-LABEL: func.func @pool
// CHECK:           arith.constant -128 : i8
// CHECK:         linalg.generic
// CHECK:           arith.maxsi {{.*}} : i8
// CHECK-NEXT:      linalg.yield
// CHECK:         func.return

// -----

func.func @integers(%x: tensor<4xi32>) -> tensor<4xi32> {
  func.return %x : tensor<4xi32>
}

// CHECK-LABEL: func.func @integers(%x: tensor<4xi32>) -> tensor<4xi32>

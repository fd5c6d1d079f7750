// RUN: gatewright-opt %s -p 'fuse-elementwise{keep_quantized=true}' | filecheck %s

// What is rounded to a short integer is kept as a tensor; what is made of it may be joined.

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
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%p : tensor<4xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %v = arith.negf %x : f32
    linalg.yield %v : f32
  } -> tensor<4xf32>
  func.return %r : tensor<4xf32>
}

// CHECK-LABEL: func.func @quantized
// CHECK:         arith.fptosi
// CHECK-NEXT:    linalg.yield
// CHECK:         linalg.generic
// CHECK:         arith.sitofp
// CHECK-NEXT:    arith.negf
// CHECK-NEXT:    linalg.yield

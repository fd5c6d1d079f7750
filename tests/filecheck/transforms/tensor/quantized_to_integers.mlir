// RUN: gatewright-opt %s -p quantized-to-integers --split-input-file | filecheck %s

// A dense layer between a dequantisation and a quantisation: an exact sum of integers, and one multiplication that rounds.

func.func @dense(%q: tensor<2xi8>) -> tensor<2xi8> {
  %w = arith.constant dense<[[25, -75], [3, 4]]> : tensor<2x2xi8>
  %z = arith.constant 3 : i16
  %s = arith.constant 0.02 : f32
  %t = arith.constant 0.001 : f32
  %k = arith.constant 500.0 : f32
  %n = arith.constant dense<0.0> : tensor<2xf32>
  %low = arith.constant -128.0 : f32
  %high = arith.constant 127.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%q : tensor<2xi8>) outs(%e : tensor<2xf32>) {
  ^bb0(%i: i8, %o: f32):
    %a = arith.extsi %i : i8 to i16
    %b = arith.subi %a, %z : i16
    %c = arith.sitofp %b : i16 to f32
    %d = arith.mulf %c, %s : f32
    linalg.yield %d : f32
  } -> tensor<2xf32>
  %f = tensor.empty() : tensor<2x2xf32>
  %v = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<2x2xi8>) outs(%f : tensor<2x2xf32>) {
  ^bb0(%i: i8, %o: f32):
    %c = arith.sitofp %i : i8 to f32
    %d = arith.mulf %c, %t : f32
    linalg.yield %d : f32
  } -> tensor<2x2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%x, %v : tensor<2xf32>, tensor<2x2xf32>) outs(%n : tensor<2xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %p = arith.mulf %i, %j : f32
    %a = arith.addf %o, %p : f32
    linalg.yield %a : f32
  } -> tensor<2xf32>
  %g = tensor.empty() : tensor<2xi8>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%r : tensor<2xf32>) outs(%g : tensor<2xi8>) {
  ^bb0(%i: f32, %o: i8):
    %a = arith.mulf %i, %k : f32
    %b = math.roundeven %a : f32
    %c = arith.maximumf %b, %low : f32
    %d = arith.minimumf %c, %high : f32
    %h = arith.fptosi %d : f32 to i8
    linalg.yield %h : i8
  } -> tensor<2xi8>
  func.return %y : tensor<2xi8>
}

// CHECK-LABEL: func.func @dense
// CHECK-NOT:     f32
// CHECK:         arith.muli {{.*}} : i15
// CHECK-NEXT:    arith.addi
// CHECK-NEXT:    linalg.yield {{.*}} : i15
// CHECK-NOT:     sitofp
// CHECK:         arith.muli
// CHECK:         arith.shrsi
// CHECK:         linalg.yield {{.*}} : i8

// -----

// Of one quantised tensor a function is a table.

func.func @table(%q: tensor<5xi4>) -> tensor<5xi8> {
  %s = arith.constant 0.25 : f32
  %t = arith.constant 100.0 : f32
  %e = tensor.empty() : tensor<5xi8>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} ins(%q : tensor<5xi4>) outs(%e : tensor<5xi8>) {
  ^bb0(%i: i4, %o: i8):
    %a = arith.sitofp %i : i4 to f32
    %b = arith.mulf %a, %s : f32
    %c = math.tanh %b : f32
    %d = arith.mulf %c, %t : f32
    %r = math.roundeven %d : f32
    %h = arith.fptosi %r : f32 to i8
    linalg.yield %h : i8
  } -> tensor<5xi8>
  func.return %y : tensor<5xi8>
}

// CHECK-LABEL: func.func @table
// CHECK:         dense<[-96, -94, -91, -85, -76, -64, -46, -24, 0, 24, 46, 64, 76, 85, 91, 94]> : tensor<16xi8>
// CHECK-NOT:     math.tanh
// CHECK:         tensor.extract

// RUN: gatewright-opt %s -p expand-math | filecheck %s

// CHECK-LABEL: @powers
// CHECK:         %cube = arith.mulf %x, %x : f32
// CHECK-NEXT:    %cube_1 = arith.mulf %x, %cube : f32
// CHECK:         %inverse = arith.mulf %x, %x : f32
// CHECK-NEXT:    %inverse_1 = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:    %inverse_2 = arith.divf %inverse_1, %inverse : f32
func.func @powers(%x : f32) -> (f32, f32) {
  %three = arith.constant 3 : i64
  %less = arith.constant -2.0 : f32
  %cube = math.fpowi %x, %three : f32, i64
  %inverse = math.powf %x, %less : f32
  return %cube, %inverse : f32, f32
}

// Many factors are for formats without hardware for powers.
// CHECK-LABEL: @many
// CHECK:         math.powf %x, %{{.*}} : f32
// CHECK:         math.powf %x, %seven : f32
// CHECK-NOT:     f64, f64
// CHECK:         arith.mulf {{.*}} : f64
// CHECK-NOT:     math.powf
func.func @many(%x : f32, %y : f64) -> (f32, f32, f64) {
  %four = arith.constant 4 : i64
  %seven = arith.constant 7.0 : f32
  %five = arith.constant 5.0 : f64
  %a = math.fpowi %x, %four : f32, i64
  %b = math.powf %x, %seven : f32
  %c = math.powf %y, %five : f64
  return %a, %b, %c : f32, f32, f64
}

// A power that is not constant stays.
// CHECK-LABEL: @unknown
// CHECK:         math.powf %x, %y
func.func @unknown(%x : f32, %y : f32) -> f32 {
  %z = math.powf %x, %y : f32
  return %z : f32
}

// CHECK-LABEL: @near_zero
// CHECK-NOT:     log1p
// CHECK:         math.log %above_1 : f32
func.func @near_zero(%x : f32) -> f32 {
  %above = math.log1p %x : f32
  return %above : f32
}

// Of a power of two the inverse is exact, unless it is no normal number.
// CHECK-LABEL: @quotients
// CHECK:         arith.constant 1.250000e-01 : f32
// CHECK-NEXT:    arith.mulf %x
// CHECK-NEXT:    arith.constant -4.000000e+00 : f32
// CHECK-NEXT:    arith.mulf %x
// CHECK-NEXT:    arith.divf %x, %six
// CHECK-NEXT:    arith.divf %x, %large
func.func @quotients(%x : f32) -> (f32, f32, f32, f32) {
  %eight = arith.constant 8.0 : f32
  %quarter = arith.constant -0.25 : f32
  %six = arith.constant 6.0 : f32
  %large = arith.constant 0x7f000000 : f32
  %a = arith.divf %x, %eight : f32
  %b = arith.divf %x, %quarter : f32
  %c = arith.divf %x, %six : f32
  %d = arith.divf %x, %large : f32
  return %a, %b, %c, %d : f32, f32, f32, f32
}

// SPDX-License-Identifier: BSL-1.0
// 35_mandelbrot.cpp - map() over a process pool, with a progress line: a picture whose rows are computed by workers.
//
//     35_mandelbrot picture.png [width]
//
// Expected output:
//   240 x 160 points, 9761 of them inside
#include <png.h>

#include <algorithm>
#include <complex>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <rondo/executors/process_pool.hpp>
#include <rondo/progress.hpp>

#include "run_example.hpp"

using Pixels = std::vector<std::uint8_t>;

struct Row {
  int y = 0;
  int width = 0;
  template <class A>
  void serialize(A& archive) {
    archive(y, width);
  }
};

/// How long each point of a row stays near; 255: for ever, as far as one looks. Runs in a worker.
Pixels compute_row(Row row) {
  Pixels pixels(static_cast<std::size_t>(row.width));
  for (int x = 0; x < row.width; ++x) {
    const std::complex<double> c(-2.1 + 3.0 * x / row.width, -1.0 + 3.0 * row.y / row.width);
    std::complex<double> z = 0;
    int steps = 0;
    while (steps < 255 && std::norm(z) < 4) z = z * z + c, ++steps;
    pixels[static_cast<std::size_t>(x)] = static_cast<std::uint8_t>(steps);
  }
  return pixels;
}

/// False if the file cannot be written.
bool write_png(const std::string& path, int width, int height, Pixels pixels) {
  for (auto& pixel : pixels) pixel = static_cast<std::uint8_t>(pixel == 255 ? 0 : std::min(255, 40 + 6 * pixel));
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_GRAY;
  return png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr) != 0;
}

rondo::Coro<> async_main(std::string path, int width) {
  const int height = width * 2 / 3;
  std::vector<Row> rows;
  for (int y = 0; y < height; ++y) rows.push_back({y, width});

  Pixels picture;
  rondo::Progress progress(rows.size(), {.title = "rows"});
  rondo::ProcessPoolExecutor pool;
  auto results = pool.map<&compute_row>(rows, {.chunksize = 8});
  for (;;) {
    const auto row = co_await results.next();
    if (!row) break;
    picture.insert(picture.end(), row->begin(), row->end());
    progress.advance();
  }
  progress.finish();
  std::cout << width << " x " << height << " points, " << std::count(picture.begin(), picture.end(), 255)
            << " of them inside\n";
  if (!write_png(path, width, height, picture)) std::cout << "cannot write " << path << '\n';
}

int main(int argc, char** argv) {
  if (const auto code = rondo::process_worker_main(argc, argv)) return *code;  // in a worker
  const bool named = argc > 1 && argv[1][0] != '-';
  const std::string path = named ? argv[1] : (std::filesystem::temp_directory_path() / "rondo_mandelbrot.png").string();
  return run_example(argc, argv, async_main(path, named && argc > 2 ? std::stoi(argv[2]) : 240));
}

// SPDX-License-Identifier: MIT
//
// The C++ library, linked statically: streams, containers, threads, futures, exceptions that cross threads, objects of
// a thread, files, regular expressions. Prints the same wherever it runs.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

struct counted {
	static std::atomic<int> alive;
	counted() { alive++; }
	~counted() { alive--; }
};
std::atomic<int> counted::alive;
thread_local counted one_for_each_thread;

void streams()
{
	std::ofstream("lines") << "first " << 1 << '\n' << std::setw(8) << std::setfill('*') << std::hex << 255 << '\n'
			       << std::fixed << std::setprecision(3) << 2.0 / 3 << '\n';
	std::ifstream in("lines");
	for (std::string line; std::getline(in, line);)
		std::cout << '[' << line << ']';
	std::istringstream words("10 20 thirty");
	int a, b, c = -1;
	words >> a >> b >> c;
	std::cout << ' ' << a + b << ' ' << words.fail() << std::endl;
}

void containers()
{
	std::mt19937 random(42);
	std::map<std::string, int> tree;
	std::unordered_map<int, int> hash;
	std::vector<unsigned> v(100000);
	std::generate(v.begin(), v.end(), random);
	for (unsigned x : v)
		tree[std::to_string(x % 1000)]++, hash[x % 777]++;
	std::sort(v.begin(), v.end());
	std::cout << tree.size() << ' ' << hash.size() << ' ' << std::is_sorted(v.begin(), v.end()) << ' ' << v[500] << ' '
		  << tree.begin()->first << std::endl;
}

void deep(int n)
{
	std::string held(100, 'x');
	if (n == 0)
		throw std::runtime_error("from the depth");
	deep(n - 1);
}

void exceptions()
{
	try {
		deep(200);
	} catch (const std::exception &e) {
		std::cout << e.what();
	}
	try {
		std::vector<int>(3).at(7);
	} catch (const std::out_of_range &) {
		std::cout << ", out of range";
	}
	try {
		std::unique_ptr<char[]> p(new char[size_t(1) << 60]);
	} catch (const std::bad_alloc &) {
		std::cout << ", no memory";
	}
	auto broken = std::async(std::launch::async, [] { deep(10); });
	try {
		broken.get();
	} catch (const std::runtime_error &e) {
		std::cout << ", another thread: " << e.what() << std::endl;
	}
}

void threads()
{
	std::mutex lock;
	std::condition_variable more;
	std::deque<int> queue;
	std::atomic<long> sum{0};
	std::vector<std::thread> workers;
	for (int i = 0; i < 6; i++) {
		workers.emplace_back([&] {
			(void)&one_for_each_thread;
			for (;;) {
				std::unique_lock<std::mutex> held(lock);
				more.wait(held, [&] { return !queue.empty(); });
				int n = queue.front();
				queue.pop_front();
				held.unlock();
				if (n < 0)
					return;
				try {
					if (n % 10 == 0)
						throw n;
					sum += n;
				} catch (int thrown) {
					sum += 2 * thrown;
				}
			}
		});
	}
	for (int i = 0; i < 5000 + 6; i++) {
		std::lock_guard<std::mutex> held(lock);
		queue.push_back(i < 5000 ? i : -1);
		more.notify_one();
	}
	for (auto &w : workers)
		w.join();
	std::vector<std::future<long>> parts;
	for (long i = 0; i < 8; i++)
		parts.push_back(std::async(std::launch::async, [i] {
			std::vector<long> v(1000);
			std::iota(v.begin(), v.end(), i * 1000);
			return std::accumulate(v.begin(), v.end(), 0L);
		}));
	long total = 0;
	for (auto &p : parts)
		total += p.get();
	auto before = std::chrono::steady_clock::now();
	std::this_thread::sleep_for(std::chrono::milliseconds(20));
	std::cout << sum << ' ' << total << ' ' << counted::alive << ' '
		  << (std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(20)) << std::endl;
}

void files()
{
	namespace fs = std::filesystem;
	fs::create_directories("d/e/f");
	std::ofstream("d/e/file") << std::string(12345, 'z');
	fs::copy("d", "copy", fs::copy_options::recursive);
	fs::rename("copy/e/file", "copy/moved");
	fs::create_symlink("moved", "copy/link");
	long entries = std::distance(fs::recursive_directory_iterator("copy"), fs::recursive_directory_iterator());
	std::cout << entries << ' ' << fs::file_size("copy/link") << ' ' << fs::is_symlink("copy/link") << ' '
		  << fs::remove_all("copy") << ' ' << fs::exists("copy") << ' ' << (fs::space(".").available > 0) << std::endl;
	std::string text = "k1=v1;k2=v2";
	std::regex pair("(\\w+)=(\\w+)");
	for (std::sregex_iterator i(text.begin(), text.end(), pair), end; i != end; ++i)
		std::cout << (*i)[2] << ':' << (*i)[1] << ' ';
	std::cout << std::endl;
}

}

int main()
{
	streams();
	containers();
	exceptions();
	threads();
	files();
	return 0;
}

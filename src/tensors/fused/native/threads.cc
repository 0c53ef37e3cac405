/** Threads that wait for their part of an operation. */
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "matrices.h"

int threads() {
  static const int n = [] {
    const char* setting = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int asked = setting ? std::atoi(setting) : 0;
    // A thread that waits awake harms where another program wants its processor.
    return asked > 0 ? asked : std::thread::hardware_concurrency() >= 4 ? 2 : 1;
  }();
  return n;
}

/** How long a thread looks whether there is something new before it lies down. */
static const auto PATIENCE = std::chrono::microseconds(200);

static void breathe() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/** Looks until `there()`, or until patience is over. @returns whether it is there */
template <typename There>
static bool look_for(There there) {
  const auto until = std::chrono::steady_clock::now() + PATIENCE;
  do {
    for (int looks = 0; looks < 50; looks++) {
      if (there()) return true;
      breathe();
    }
  } while (std::chrono::steady_clock::now() < until);
  return there();
}

/**
 * To start a thread takes 20 µs and more; to wake one that sleeps 5, or 50 where the machine is
 * virtual and its processor sleeps, too; one that still looks around begins at once. What one
 * operation does to the next follows so closely that it mostly does.
 */
class Helpers {
 public:
  /** Never deleted: its threads wait until the process ends. */
  static Helpers& all() {
    static Helpers* const helpers = new Helpers(threads() - 1);
    return *helpers;
  }

  /** Calls part(0) … part(n − 1), n ≤ threads(), and returns when all have. */
  void run(Index n, const std::function<void(Index)>& part) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      job = &part;
      parts = n;
      left.store(count, std::memory_order_relaxed);
      round.fetch_add(1, std::memory_order_release);
    }
    if (asleep.load() > 0) wake.notify_all();
    part(0);
    const auto done = [&] { return left.load(std::memory_order_acquire) == 0; };
    if (look_for(done)) return;
    while (!done()) std::this_thread::yield();
  }

 private:
  explicit Helpers(int count) : count(count) {
    for (Index i = 1; i <= count; i++) std::thread([this, i] { wait(i); }).detach();
  }

  void wait(Index mine) {
    for (int64_t done = 0;; done++) {
      if (!look_for([&] { return round.load(std::memory_order_acquire) != done; })) {
        std::unique_lock<std::mutex> lock(mutex);
        asleep++;
        wake.wait(lock, [&] { return round.load() != done; });
        asleep--;
      }
      if (mine < parts) (*job)(mine);
      left.fetch_sub(1, std::memory_order_release);
    }
  }

  const int count;
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<int> asleep{0}, left{0};
  std::atomic<int64_t> round{0};
  const std::function<void(Index)>* job = nullptr;
  Index parts = 0;
};

void run_parts(Index n, const std::function<void(Index)>& part) {
  if (n == 1) return part(0);
  static std::mutex one_at_a_time;
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  Helpers::all().run(n, part);
}

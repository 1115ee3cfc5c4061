"""What `launch.sh` starts in a test: it says where the processes meet."""

import os

if __name__ == '__main__':
    print(os.environ['MASTER_PORT'])

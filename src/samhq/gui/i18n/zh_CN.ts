<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
  <context>
    <name>samhq</name>
    <message>
      <source>the rectangle you drew</source>
      <translation>您画的矩形</translation>
    </message>
    <message>
      <source>the lasso you drew</source>
      <translation>您画的套索区域</translation>
    </message>
    <message>
      <source>the selected mask</source>
      <translation>所选掩膜</translation>
    </message>
    <message>
      <source>{n} selected masks</source>
      <translation>{n} 个所选掩膜</translation>
    </message>
    <message>
      <source>the whole image</source>
      <translation>整幅图像</translation>
    </message>
    <message>
      <source>Image</source>
      <translation>图像</translation>
    </message>
    <message>
      <source>Region</source>
      <translation>区域</translation>
    </message>
    <message>
      <source>Polarity</source>
      <translation>极性</translation>
    </message>
    <message>
      <source>Pixels</source>
      <translation>像素数</translation>
    </message>
    <message>
      <source>Mean</source>
      <translation>平均值</translation>
    </message>
    <message>
      <source>Median</source>
      <translation>中位数</translation>
    </message>
    <message>
      <source>Standard deviation</source>
      <translation>标准差</translation>
    </message>
    <message>
      <source>Minimum</source>
      <translation>最小值</translation>
    </message>
    <message>
      <source>Maximum</source>
      <translation>最大值</translation>
    </message>
    <message>
      <source>Percentile {p}</source>
      <translation>第 {p} 百分位数</translation>
    </message>
    <message>
      <source>Range</source>
      <translation>范围</translation>
    </message>
    <message>
      <source>Pixels in the range</source>
      <translation>范围内的像素数</translation>
    </message>
    <message>
      <source>Number</source>
      <translation>编号</translation>
    </message>
    <message>
      <source>Aggregation</source>
      <translation>聚集度</translation>
    </message>
    <message>
      <source>Smoothed</source>
      <translation>平滑值</translation>
    </message>
    <message>
      <source>Peak</source>
      <translation>峰</translation>
    </message>
    <message>
      <source>Trough</source>
      <translation>谷</translation>
    </message>
    <message>
      <source>Analyzing {name}</source>
      <translation>正在分析 {name}</translation>
    </message>
    <message>
      <source>{name}: {region}</source>
      <translation>{name}：{region}</translation>
    </message>
    <message>
      <source>Saving {name}</source>
      <translation>正在保存 {name}</translation>
    </message>
    <message>
      <source>The chart was not saved</source>
      <translation>图表未保存</translation>
    </message>
    <message>
      <source>The image cannot be analyzed</source>
      <translation>无法分析该图像</translation>
    </message>
    <message>
      <source>Chart saved as {path}</source>
      <translation>图表已保存为 {path}</translation>
    </message>
    <message>
      <source>There is no pixel in the region; draw a larger one inside the image.</source>
      <translation>区域内没有像素；请在图像内画一个更大的区域。</translation>
    </message>
    <message>
      <source>samhq itself failed</source>
      <translation>samhq 自身出错</translation>
    </message>
    <message>
      <source>{kind}: {error}. Nothing stored is lost; please report it with the details.</source>
      <translation>{kind}：{error}。已存储的内容没有丢失；请连同详细信息一起报告此问题。</translation>
    </message>
    <message>
      <source>Show details</source>
      <translation>显示详细信息</translation>
    </message>
    <message>
      <source>Details</source>
      <translation>详细信息</translation>
    </message>
    <message>
      <source>Copy what happened, with the details</source>
      <translation>复制出错情况及详细信息</translation>
    </message>
    <message>
      <source>Close this message (Esc)</source>
      <translation>关闭此消息 (Esc)</translation>
    </message>
    <message>
      <source>Details of the failure</source>
      <translation>错误的详细信息</translation>
    </message>
    <message>
      <source>Failure: {what}. {why}</source>
      <translation>错误：{what}。{why}</translation>
    </message>
    <message>
      <source>Hide details</source>
      <translation>隐藏详细信息</translation>
    </message>
    <message>
      <source>Closing the run</source>
      <translation>正在关闭运行结果</translation>
    </message>
    <message>
      <source>Filtering {name}</source>
      <translation>正在筛选 {name}</translation>
    </message>
    <message>
      <source>Reading {name}</source>
      <translation>正在读取 {name}</translation>
    </message>
    <message>
      <source>area</source>
      <translation>面积</translation>
    </message>
    <message>
      <source>total aggregation</source>
      <translation>总聚集度</translation>
    </message>
    <message>
      <source>ratio</source>
      <translation>比值</translation>
    </message>
    <message>
      <source>aggregation range</source>
      <translation>聚集度范围</translation>
    </message>
    <message>
      <source>overlaps</source>
      <translation>重叠</translation>
    </message>
    <message>
      <source>{threshold} {n}</source>
      <translation>{threshold} {n} 个</translation>
    </message>
    <message>
      <source>It is not known where the images are.</source>
      <translation>不知道图像在哪里。</translation>
    </message>
    <message>
      <source>Object {number}: A {area} px, I {intensity}, R {ratio}</source>
      <translation>目标 {number}：A {area} px，I {intensity}，R {ratio}</translation>
    </message>
    <message>
      <source>A {area} px, I {intensity}, R {ratio}</source>
      <translation>A {area} px，I {intensity}，R {ratio}</translation>
    </message>
    <message>
      <source>Dropped: all its pixels belong to other objects</source>
      <translation>已剔除：它的所有像素都属于其他目标</translation>
    </message>
    <message>
      <source>Dropped: no pixel in the range; its mean aggregation {value} is above {threshold}</source>
      <translation>已剔除：范围内没有像素；其平均聚集度 {value} 高于 {threshold}</translation>
    </message>
    <message>
      <source>Dropped: no pixel in the range; its mean aggregation {value} is below {threshold}</source>
      <translation>已剔除：范围内没有像素；其平均聚集度 {value} 低于 {threshold}</translation>
    </message>
    <message>
      <source>Dropped: {name} {value} is below {threshold}</source>
      <translation>已剔除：{name} {value} 低于 {threshold}</translation>
    </message>
    <message>
      <source>Written with another filter than the one in force.</source>
      <translation>写入时的筛选条件与当前生效的不同。</translation>
    </message>
    <message>
      <source>The run has changed since this was written; export it again.</source>
      <translation>写入之后运行结果已有变化；请重新导出。</translation>
    </message>
    <message>
      <source>Writing pictures and tables</source>
      <translation>正在写入图片和表格</translation>
    </message>
    <message>
      <source>Exporting: {format}</source>
      <translation>正在导出：{format}</translation>
    </message>
    <message>
      <source>Written: {folder}</source>
      <translation>已写入：{folder}</translation>
    </message>
    <message>
      <source>The output was not written</source>
      <translation>输出未写入</translation>
    </message>
    <message>
      <source>Looking for outputs</source>
      <translation>正在查找输出</translation>
    </message>
    <message>
      <source>There is no output yet</source>
      <translation>还没有输出</translation>
    </message>
    <message>
      <source>Start the batch, or press Export Data for a stored run.</source>
      <translation>请开始批处理，或对已存储的运行结果点击“导出数据”。</translation>
    </message>
    <message>
      <source>There is no output yet.</source>
      <translation>还没有输出。</translation>
    </message>
    <message>
      <source>The table cannot be read</source>
      <translation>无法读取该表格</translation>
    </message>
    <message>
      <source>This output holds no picture of this image.</source>
      <translation>此输出中没有这幅图像的图片。</translation>
    </message>
    <message>
      <source>{n:,} images in {files:,} files</source>
      <translation>{files:,} 个文件中的 {n:,} 幅图像</translation>
    </message>
    <message>
      <source>{n:,} images</source>
      <translation>{n:,} 幅图像</translation>
    </message>
    <message>
      <source>{n:,} done before, {m:,} to segment</source>
      <translation>已完成 {n:,} 幅，待分割 {m:,} 幅</translation>
    </message>
    <message>
      <source>Time: not known before the first image on this computer</source>
      <translation>时间：在这台计算机上处理第一幅图像之前无法估计</translation>
    </message>
    <message>
      <source>Time: about {time}</source>
      <translation>时间：约 {time}</translation>
    </message>
    <message>
      <source>Everything is segmented; filters need no new start.</source>
      <translation>全部图像都已分割；更改筛选条件无需重新开始。</translation>
    </message>
    <message>
      <source>Disk: about {needed} needed</source>
      <translation>磁盘：约需 {needed}</translation>
    </message>
    <message>
      <source>Disk: about {needed} needed, but only {free} free: choose another folder</source>
      <translation>磁盘：约需 {needed}，但仅剩 {free}：请选择其他文件夹</translation>
    </message>
    <message>
      <source>Disk: about {needed} needed, {free} free</source>
      <translation>磁盘：约需 {needed}，剩余 {free}</translation>
    </message>
    <message>
      <source>{path}: {reason}</source>
      <translation>{path}：{reason}</translation>
    </message>
    <message>
      <source>… and {n:,} more, all in the log of the run</source>
      <translation>……另有 {n:,} 项，全部记录在运行结果的日志中</translation>
    </message>
    <message>
      <source>{kept:,} of {found:,} objects kept</source>
      <translation>{found:,} 个目标中保留 {kept:,} 个</translation>
    </message>
    <message>
      <source>Finished: {n:,} images segmented in {time}</source>
      <translation>已完成：分割了 {n:,} 幅图像，用时 {time}</translation>
    </message>
    <message>
      <source>{n:,} done before</source>
      <translation>此前已完成 {n:,} 幅</translation>
    </message>
    <message>
      <source>{n:,} without objects</source>
      <translation>{n:,} 幅无目标</translation>
    </message>
    <message>
      <source>{n:,} all filtered out</source>
      <translation>{n:,} 幅全部被筛除</translation>
    </message>
    <message>
      <source>{n:,} failed</source>
      <translation>{n:,} 幅失败</translation>
    </message>
    <message>
      <source>{n:.0f} s</source>
      <translation>{n:.0f} 秒</translation>
    </message>
    <message>
      <source>{n:.0f} min</source>
      <translation>{n:.0f} 分钟</translation>
    </message>
    <message>
      <source>{n:.1f} h</source>
      <translation>{n:.1f} 小时</translation>
    </message>
    <message>
      <source>{n:.1f} GB</source>
      <translation>{n:.1f} GB</translation>
    </message>
    <message>
      <source>{n:.0f} MB</source>
      <translation>{n:.0f} MB</translation>
    </message>
    <message>
      <source>Image with masks</source>
      <translation>图像及掩膜</translation>
    </message>
    <message>
      <source>Pixel under the pointer</source>
      <translation>指针处的像素</translation>
    </message>
    <message>
      <source>x {x}   y {y}</source>
      <translation>x {x}   y {y}</translation>
    </message>
    <message>
      <source>x {x}   y {y}   gray {gray}   aggregation {percent}</source>
      <translation>x {x}   y {y}   灰度 {gray}   聚集度 {percent}</translation>
    </message>
    <message>
      <source>{n} nm</source>
      <translation>{n} nm</translation>
    </message>
    <message>
      <source>{n} µm</source>
      <translation>{n} µm</translation>
    </message>
    <message>
      <source>{n} mm</source>
      <translation>{n} mm</translation>
    </message>
    <message>
      <source>&amp;Column names</source>
      <translation>列名(&amp;C)</translation>
    </message>
    <message>
      <source>Objects in &amp;QuPath</source>
      <translation>QuPath 中的对象类型(&amp;Q)</translation>
    </message>
    <message>
      <source>&amp;Pictures in the YOLO data set</source>
      <translation>YOLO 数据集中附带图片(&amp;P)</translation>
    </message>
    <message>
      <source>&amp;Shape measurements</source>
      <translation>形状测量(&amp;S)</translation>
    </message>
    <message>
      <source>All</source>
      <translation>全部</translation>
    </message>
    <message>
      <source>None</source>
      <translation>无</translation>
    </message>
    <message>
      <source>&amp;Shape measurements ({n} chosen)</source>
      <translation>形状测量（已选 {n} 项）(&amp;S)</translation>
    </message>
    <message>
      <source>Tables as CSV (objects.csv, images.csv)</source>
      <translation>CSV 表格（objects.csv、images.csv）</translation>
    </message>
    <message>
      <source>Data file, separated by tabs (.txt)</source>
      <translation>制表符分隔的数据文件 (.txt)</translation>
    </message>
    <message>
      <source>Excel workbook (.xlsx)</source>
      <translation>Excel 工作簿 (.xlsx)</translation>
    </message>
    <message>
      <source>Parquet tables (.parquet)</source>
      <translation>Parquet 表格 (.parquet)</translation>
    </message>
    <message>
      <source>QuPath objects (.geojson)</source>
      <translation>QuPath 对象 (.geojson)</translation>
    </message>
    <message>
      <source>ImageJ regions (ROI zip)</source>
      <translation>ImageJ 感兴趣区域（ROI zip）</translation>
    </message>
    <message>
      <source>Label images, for ImageJ and napari (.tif)</source>
      <translation>标签图像，用于 ImageJ 和 napari (.tif)</translation>
    </message>
    <message>
      <source>COCO, for training (.json)</source>
      <translation>COCO，用于训练 (.json)</translation>
    </message>
    <message>
      <source>YOLO data set, for training</source>
      <translation>YOLO 数据集，用于训练</translation>
    </message>
    <message>
      <source>Masks, as the output settings say</source>
      <translation>掩膜，按输出设置</translation>
    </message>
    <message>
      <source>samhq</source>
      <translation>samhq</translation>
    </message>
    <message>
      <source>ImageJ (Area, Mean, Circ.)</source>
      <translation>ImageJ（Area、Mean、Circ.）</translation>
    </message>
    <message>
      <source>CellProfiler (AreaShape_Area)</source>
      <translation>CellProfiler（AreaShape_Area）</translation>
    </message>
    <message>
      <source>Detections</source>
      <translation>检测 (Detections)</translation>
    </message>
    <message>
      <source>Cells</source>
      <translation>细胞 (Cells)</translation>
    </message>
    <message>
      <source>Annotations</source>
      <translation>标注 (Annotations)</translation>
    </message>
    <message>
      <source>Perimeter</source>
      <translation>周长</translation>
    </message>
    <message>
      <source>Perimeter by Crofton's formula</source>
      <translation>周长（Crofton 公式）</translation>
    </message>
    <message>
      <source>Largest Feret diameter</source>
      <translation>最大 Feret 直径</translation>
    </message>
    <message>
      <source>Circularity (form factor)</source>
      <translation>圆度（形状因子）</translation>
    </message>
    <message>
      <source>Solidity</source>
      <translation>实心度</translation>
    </message>
    <message>
      <source>Eccentricity</source>
      <translation>离心率</translation>
    </message>
    <message>
      <source>Major axis</source>
      <translation>长轴</translation>
    </message>
    <message>
      <source>Minor axis</source>
      <translation>短轴</translation>
    </message>
    <message>
      <source>Aspect ratio</source>
      <translation>长宽比</translation>
    </message>
    <message>
      <source>Roundness</source>
      <translation>圆整度</translation>
    </message>
    <message>
      <source>Orientation</source>
      <translation>方向</translation>
    </message>
    <message>
      <source>Equivalent diameter</source>
      <translation>等效直径</translation>
    </message>
    <message>
      <source>Extent</source>
      <translation>填充率</translation>
    </message>
    <message>
      <source>Euler number</source>
      <translation>欧拉数</translation>
    </message>
    <message>
      <source>Convex area</source>
      <translation>凸包面积</translation>
    </message>
    <message>
      <source>Area with holes filled</source>
      <translation>填充孔洞后的面积</translation>
    </message>
    <message>
      <source>Area of the box</source>
      <translation>外接框面积</translation>
    </message>
    <message>
      <source>Back to the default: {title}</source>
      <translation>恢复默认值：{title}</translation>
    </message>
    <message>
      <source>Changed; press for the default: {value}</source>
      <translation>已更改；点击恢复默认值：{value}</translation>
    </message>
    <message>
      <source>{title} *</source>
      <translation>{title} *</translation>
    </message>
    <message>
      <source>changed, not applied yet</source>
      <translation>已更改，尚未应用</translation>
    </message>
    <message>
      <source>{model} recommends {value}</source>
      <translation>{model} 推荐 {value}</translation>
    </message>
    <message>
      <source>recommended by {model}</source>
      <translation>{model} 推荐</translation>
    </message>
    <message>
      <source>Manual</source>
      <translation>使用手册</translation>
    </message>
    <message>
      <source>The manual was not installed with this copy of samhq.</source>
      <translation>这份 samhq 没有安装使用手册。</translation>
    </message>
    <message>
      <source>Show a tab</source>
      <translation>显示标签页</translation>
    </message>
    <message>
      <source>Open an image, a folder</source>
      <translation>打开图像、文件夹</translation>
    </message>
    <message>
      <source>Save, load the configuration</source>
      <translation>保存、载入配置</translation>
    </message>
    <message>
      <source>Undo, redo</source>
      <translation>撤销、重做</translation>
    </message>
    <message>
      <source>Copy as command</source>
      <translation>复制为命令</translation>
    </message>
    <message>
      <source>Show or hide the log</source>
      <translation>显示或隐藏日志</translation>
    </message>
    <message>
      <source>Wheel</source>
      <translation>滚轮</translation>
    </message>
    <message>
      <source>Zoom at the pointer</source>
      <translation>以指针处为中心缩放</translation>
    </message>
    <message>
      <source>Space or middle button</source>
      <translation>空格或中键</translation>
    </message>
    <message>
      <source>Move the image</source>
      <translation>移动图像</translation>
    </message>
    <message>
      <source>Double click, 1</source>
      <translation>双击、1</translation>
    </message>
    <message>
      <source>Fit the image, show it at 100 %</source>
      <translation>图像适应窗口、以 100 % 显示</translation>
    </message>
    <message>
      <source>Left click</source>
      <translation>左键单击</translation>
    </message>
    <message>
      <source>Select or deselect a mask; again at the same place: the next one below</source>
      <translation>选择或取消选择掩膜；在同一位置再次单击：选择下面一个</translation>
    </message>
    <message>
      <source>Right click</source>
      <translation>右键单击</translation>
    </message>
    <message>
      <source>Deselect a mask</source>
      <translation>取消选择掩膜</translation>
    </message>
    <message>
      <source>Generate masks, calculate, find more like these</source>
      <translation>生成掩膜、计算、查找相似目标</translation>
    </message>
    <message>
      <source>Tools: select, rectangle, lasso</source>
      <translation>工具：选择、矩形、套索</translation>
    </message>
    <message>
      <source>Tools: add by click, add by box, brush, eraser, split</source>
      <translation>工具：点击添加、框选添加、画笔、橡皮擦、拆分</translation>
    </message>
    <message>
      <source>J, Delete, R</source>
      <translation>J、Delete、R</translation>
    </message>
    <message>
      <source>Merge, delete, mark as not wanted</source>
      <translation>合并、删除、标记为不需要</translation>
    </message>
    <message>
      <source>Select all, none, invert</source>
      <translation>全选、取消全选、反选</translation>
    </message>
    <message>
      <source>Enter, Esc, Backspace</source>
      <translation>Enter、Esc、Backspace</translation>
    </message>
    <message>
      <source>Take a new mask, drop it, take the last click back</source>
      <translation>接受新掩膜、放弃新掩膜、撤回上一次点击</translation>
    </message>
    <message>
      <source>Show masks, show outlines, hold for the bare image</source>
      <translation>显示掩膜、显示轮廓、按住只看图像</translation>
    </message>
    <message>
      <source>Keyboard and Mouse</source>
      <translation>键盘与鼠标</translation>
    </message>
    <message>
      <source>About samhq</source>
      <translation>关于 samhq</translation>
    </message>
    <message>
      <source>Find, measure and compare every dark object in micrographs with SAM-HQ.</source>
      <translation>用 SAM-HQ 找出、测量并比较显微图像中的每个暗目标。</translation>
    </message>
    <message>
      <source>Its own code is under the MIT licence. The window uses PyQt6, which is under the GPL v3.</source>
      <translation>samhq 自身的代码采用 MIT 许可证。窗口使用 PyQt6，PyQt6 采用 GPL v3 许可证。</translation>
    </message>
    <message>
      <source>SAM-HQ: Ke et al., Segment Anything in High Quality, NeurIPS 2023. Segment Anything: Kirillov et al., ICCV 2023.</source>
      <translation>SAM-HQ：Ke et al., Segment Anything in High Quality, NeurIPS 2023。Segment Anything：Kirillov et al., ICCV 2023。</translation>
    </message>
    <message>
      <source>Histogram</source>
      <translation>直方图</translation>
    </message>
    <message>
      <source>Aggregation (0 white, 100 black)</source>
      <translation>聚集度（0 为白，100 为黑）</translation>
    </message>
    <message>
      <source>Aggregation (0 black, 100 white)</source>
      <translation>聚集度（0 为黑，100 为白）</translation>
    </message>
    <message>
      <source>Aggregation {value}: {n} pixels</source>
      <translation>聚集度 {value}：{n} 个像素</translation>
    </message>
    <message>
      <source>Histogram: {axis}</source>
      <translation>直方图：{axis}</translation>
    </message>
    <message>
      <source>Under the pointer</source>
      <translation>指针处</translation>
    </message>
    <message>
      <source>&amp;Logarithmic</source>
      <translation>对数(&amp;L)</translation>
    </message>
    <message>
      <source>Logarithmic axis of counts</source>
      <translation>计数的对数坐标轴</translation>
    </message>
    <message>
      <source>Makes small hills beside a huge one visible.</source>
      <translation>让大峰旁边的小峰也能看见。</translation>
    </message>
    <message>
      <source>Range {low} to {high}; the arrow keys move the highest value</source>
      <translation>范围 {low} 至 {high}；用方向键移动最高值</translation>
    </message>
    <message>
      <source>Range {low} to {high}; the arrow keys move the lowest value</source>
      <translation>范围 {low} 至 {high}；用方向键移动最低值</translation>
    </message>
    <message>
      <source>The threshold is off; the arrow keys move it</source>
      <translation>阈值已关闭；用方向键移动</translation>
    </message>
    <message>
      <source>Threshold {value}; the arrow keys move it</source>
      <translation>阈值 {value}；用方向键移动</translation>
    </message>
    <message>
      <source>{n} peaks, {m} troughs</source>
      <translation>{n} 个峰，{m} 个谷</translation>
    </message>
    <message>
      <source>off</source>
      <translation>不使用</translation>
    </message>
    <message>
      <source>≥ {value}</source>
      <translation>≥ {value}</translation>
    </message>
    <message>
      <source>running</source>
      <translation>处理中</translation>
    </message>
    <message>
      <source>done</source>
      <translation>完成</translation>
    </message>
    <message>
      <source>all filtered out</source>
      <translation>全部被筛除</translation>
    </message>
    <message>
      <source>none found</source>
      <translation>未检出目标</translation>
    </message>
    <message>
      <source>failed</source>
      <translation>失败</translation>
    </message>
    <message>
      <source>waiting</source>
      <translation>等待中</translation>
    </message>
    <message>
      <source>State</source>
      <translation>状态</translation>
    </message>
    <message>
      <source>Kept</source>
      <translation>保留</translation>
    </message>
    <message>
      <source>Found</source>
      <translation>检出</translation>
    </message>
    <message>
      <source>Area px</source>
      <translation>面积 px</translation>
    </message>
    <message>
      <source>Ratio R</source>
      <translation>比值 R</translation>
    </message>
    <message>
      <source>The image file; sorted as in the tables</source>
      <translation>图像文件；排序与表格中相同</translation>
    </message>
    <message>
      <source>What became of the image</source>
      <translation>图像的处理状态</translation>
    </message>
    <message>
      <source>Objects that the filter keeps</source>
      <translation>通过筛选而保留的目标</translation>
    </message>
    <message>
      <source>Objects found, before the filter</source>
      <translation>检出的目标（筛选之前）</translation>
    </message>
    <message>
      <source>Pixels of the kept objects together</source>
      <translation>所有保留目标的像素总数</translation>
    </message>
    <message>
      <source>Mean aggregation of the kept objects</source>
      <translation>保留目标的平均聚集度</translation>
    </message>
    <message>
      <source>{name}, page {page}</source>
      <translation>{name}，第 {page} 页</translation>
    </message>
    <message>
      <source>1 object</source>
      <translation>1 个目标</translation>
    </message>
    <message>
      <source>{n:,} objects</source>
      <translation>{n:,} 个目标</translation>
    </message>
    <message>
      <source>{state}
{reason}</source>
      <translation>{state}
{reason}</translation>
    </message>
    <message>
      <source>{path}
{state}</source>
      <translation>{path}
{state}</translation>
    </message>
    <message>
      <source>Fold the log</source>
      <translation>收起日志</translation>
    </message>
    <message>
      <source>Log</source>
      <translation>日志</translation>
    </message>
    <message>
      <source>Lowest level shown</source>
      <translation>显示的最低级别</translation>
    </message>
    <message>
      <source>Show only what is at least this important</source>
      <translation>只显示至少达到此级别的内容</translation>
    </message>
    <message>
      <source>Everything</source>
      <translation>全部内容</translation>
    </message>
    <message>
      <source>Messages</source>
      <translation>消息</translation>
    </message>
    <message>
      <source>Warnings</source>
      <translation>警告</translation>
    </message>
    <message>
      <source>Errors</source>
      <translation>错误</translation>
    </message>
    <message>
      <source>Search</source>
      <translation>搜索</translation>
    </message>
    <message>
      <source>Search the log</source>
      <translation>搜索日志</translation>
    </message>
    <message>
      <source>The selected lines in full</source>
      <translation>所选行的全文</translation>
    </message>
    <message>
      <source>Copy the selected lines, or all that are shown</source>
      <translation>复制所选行；未选择时复制显示的所有行</translation>
    </message>
    <message>
      <source>Save what is shown as a text file…</source>
      <translation>将显示的内容保存为文本文件…</translation>
    </message>
    <message>
      <source>Open the folder of the log files</source>
      <translation>打开日志文件所在的文件夹</translation>
    </message>
    <message>
      <source>Empty the log; its file is kept</source>
      <translation>清空日志；日志文件会保留</translation>
    </message>
    <message>
      <source>Keep the newest line in view</source>
      <translation>始终显示最新一行</translation>
    </message>
    <message>
      <source>Show the log</source>
      <translation>显示日志</translation>
    </message>
    <message>
      <source>Show the log: there are new errors</source>
      <translation>显示日志：有新的错误</translation>
    </message>
    <message>
      <source>Show the log: there are new warnings</source>
      <translation>显示日志：有新的警告</translation>
    </message>
    <message>
      <source>{count:,} lines</source>
      <translation>{count:,} 行</translation>
    </message>
    <message>
      <source>{shown:,} of {count:,} lines</source>
      <translation>{count:,} 行中的 {shown:,} 行</translation>
    </message>
    <message>
      <source>No line fits; choose another level or search for something else.</source>
      <translation>没有符合的行；请选择其他级别或更改搜索内容。</translation>
    </message>
    <message>
      <source>What samhq does is told here.</source>
      <translation>samhq 的运行情况会显示在这里。</translation>
    </message>
    <message>
      <source>Log saved as {path}</source>
      <translation>日志已保存为 {path}</translation>
    </message>
    <message>
      <source>Save the log</source>
      <translation>保存日志</translation>
    </message>
    <message>
      <source>Text files (*.txt);;All files (*)</source>
      <translation>文本文件 (*.txt);;所有文件 (*)</translation>
    </message>
    <message>
      <source>The folder {path} cannot be opened</source>
      <translation>无法打开文件夹 {path}</translation>
    </message>
    <message>
      <source>Error: {said}</source>
      <translation>错误：{said}</translation>
    </message>
    <message>
      <source>Warning: {said}</source>
      <translation>警告：{said}</translation>
    </message>
    <message>
      <source>Open one first; the sample will do to try it.</source>
      <translation>请先打开一幅图像；也可以用示例试一试。</translation>
    </message>
    <message>
      <source>There is no image</source>
      <translation>没有图像</translation>
    </message>
    <message>
      <source>Open a sample</source>
      <translation>打开示例</translation>
    </message>
    <message>
      <source>Finding masks in {name}</source>
      <translation>正在 {name} 中寻找掩膜</translation>
    </message>
    <message>
      <source>Generate Masks</source>
      <translation>生成掩膜</translation>
    </message>
    <message>
      <source>No masks were made</source>
      <translation>没有生成掩膜</translation>
    </message>
    <message>
      <source>Try again</source>
      <translation>重试</translation>
    </message>
    <message>
      <source>Not wanted</source>
      <translation>不需要</translation>
    </message>
    <message>
      <source>Selection</source>
      <translation>选择</translation>
    </message>
    <message>
      <source>Add Mask</source>
      <translation>添加掩膜</translation>
    </message>
    <message>
      <source>Eraser</source>
      <translation>橡皮擦</translation>
    </message>
    <message>
      <source>Brush</source>
      <translation>画笔</translation>
    </message>
    <message>
      <source>Split</source>
      <translation>拆分</translation>
    </message>
    <message>
      <source>Merge</source>
      <translation>合并</translation>
    </message>
    <message>
      <source>Delete</source>
      <translation>删除</translation>
    </message>
    <message>
      <source>Masks are being found; stop that first, or wait.</source>
      <translation>正在寻找掩膜；请先停止，或稍候。</translation>
    </message>
    <message>
      <source>The masks that were selected for this are no longer there.</source>
      <translation>为此选中的掩膜已不存在。</translation>
    </message>
    <message>
      <source>Measuring the corrected masks</source>
      <translation>正在测量修正后的掩膜</translation>
    </message>
    <message>
      <source>{edit} was not possible</source>
      <translation>无法完成“{edit}”</translation>
    </message>
    <message>
      <source>That changed nothing.</source>
      <translation>没有任何改变。</translation>
    </message>
    <message>
      <source>Open it again</source>
      <translation>重新打开</translation>
    </message>
    <message>
      <source>{name}: the file has changed since it was opened; open it again</source>
      <translation>{name}：文件在打开之后已更改；请重新打开</translation>
    </message>
    <message>
      <source>{name}: is no longer there</source>
      <translation>{name}：文件已不存在</translation>
    </message>
    <message>
      <source>{name}: is the image itself; choose another name</source>
      <translation>{name}：这就是图像本身；请选择其他名称</translation>
    </message>
    <message>
      <source>Select the masks to delete first.</source>
      <translation>请先选择要删除的掩膜。</translation>
    </message>
    <message>
      <source>Select two masks or more to merge them.</source>
      <translation>请选择两个或更多掩膜进行合并。</translation>
    </message>
    <message>
      <source>The stroke lies outside the image.</source>
      <translation>这一笔在图像之外。</translation>
    </message>
    <message>
      <source>The stroke changed nothing.</source>
      <translation>这一笔没有任何改变。</translation>
    </message>
    <message>
      <source>The line divides no mask; draw it from one side of a mask to the other.</source>
      <translation>这条线没有分开任何掩膜；请从掩膜的一侧画到另一侧。</translation>
    </message>
    <message>
      <source>There are no masks yet.</source>
      <translation>还没有掩膜。</translation>
    </message>
    <message>
      <source>Several masks are selected: begin the stroke on the one to paint on.</source>
      <translation>选择了多个掩膜：请从要涂画的那个掩膜上起笔。</translation>
    </message>
    <message>
      <source>There is no mask under the eraser.</source>
      <translation>橡皮擦下没有掩膜。</translation>
    </message>
    <message>
      <source>Asking SAM-HQ for the mask</source>
      <translation>正在由 SAM-HQ 生成掩膜</translation>
    </message>
    <message>
      <source>SAM-HQ gave no mask</source>
      <translation>SAM-HQ 没有给出掩膜</translation>
    </message>
    <message>
      <source>Select masks that are as you want them first.</source>
      <translation>请先选择符合要求的掩膜。</translation>
    </message>
    <message>
      <source>Looking for a filter</source>
      <translation>正在寻找筛选条件</translation>
    </message>
    <message>
      <source>No threshold is needed: every mask is like these.</source>
      <translation>不需要阈值：所有掩膜都与这些相似。</translation>
    </message>
    <message>
      <source>{n} of {total} masks would pass.</source>
      <translation>{total} 个掩膜中有 {n} 个会通过。</translation>
    </message>
    <message>
      <source>{n} that are not wanted cannot be told from the selected ones.</source>
      <translation>有 {n} 个不需要的掩膜无法与所选掩膜区分开。</translation>
    </message>
    <message>
      <source>No filter was found</source>
      <translation>没有找到筛选条件</translation>
    </message>
    <message>
      <source>all pixels of the selected masks belong to other masks (overlaps: exclusive)</source>
      <translation>所选掩膜的所有像素都属于其他掩膜（重叠：exclusive）</translation>
    </message>
    <message>
      <source>A at least {value:,.10g} px</source>
      <translation>A 至少 {value:,.10g} px</translation>
    </message>
    <message>
      <source>I at least {value:,.10g}</source>
      <translation>I 至少 {value:,.10g}</translation>
    </message>
    <message>
      <source>R at least {value:.10g}</source>
      <translation>R 至少 {value:.10g}</translation>
    </message>
    <message>
      <source>aggregation at least {value:.10g}</source>
      <translation>聚集度至少 {value:.10g}</translation>
    </message>
    <message>
      <source>aggregation at most {value:.10g}</source>
      <translation>聚集度至多 {value:.10g}</translation>
    </message>
    <message>
      <source>Object {n}</source>
      <translation>目标 {n}</translation>
    </message>
    <message>
      <source>Mask outside the table</source>
      <translation>不在表格中的掩膜</translation>
    </message>
    <message>
      <source>Initial: A {a:,} px · I {i:,.1f} · R {r:.2f}</source>
      <translation>初始：A {a:,} px · I {i:,.1f} · R {r:.2f}</translation>
    </message>
    <message>
      <source>In the range: A {a:,} px · I {i:,.1f} · R {r:.2f}</source>
      <translation>范围内：A {a:,} px · I {i:,.1f} · R {r:.2f}</translation>
    </message>
    <message>
      <source>Does not pass: {reason}</source>
      <translation>未通过：{reason}</translation>
    </message>
    <message>
      <source>Marked as not wanted</source>
      <translation>已标为不需要</translation>
    </message>
    <message>
      <source>A {value:,.0f} px is {by:,.10g} below the minimum {threshold:,.10g}</source>
      <translation>A {value:,.0f} px 比最小值 {threshold:,.10g} 低 {by:,.10g}</translation>
    </message>
    <message>
      <source>I {value:,.1f} is {by:,.1f} below the minimum {threshold:,.10g}</source>
      <translation>I {value:,.1f} 比最小值 {threshold:,.10g} 低 {by:,.1f}</translation>
    </message>
    <message>
      <source>R {value:.2f} is {by:.2f} below the minimum {threshold:.10g}</source>
      <translation>R {value:.2f} 比最小值 {threshold:.10g} 低 {by:.2f}</translation>
    </message>
    <message>
      <source>no pixel in the aggregation range; its mean {value:.2f} against the lower end {threshold:.10g}</source>
      <translation>聚集度范围内没有像素；其平均值 {value:.2f}，范围下限 {threshold:.10g}</translation>
    </message>
    <message>
      <source>no pixel in the aggregation range; its mean {value:.2f} against the upper end {threshold:.10g}</source>
      <translation>聚集度范围内没有像素；其平均值 {value:.2f}，范围上限 {threshold:.10g}</translation>
    </message>
    <message>
      <source>all its pixels belong to other masks (overlaps: exclusive)</source>
      <translation>它的所有像素都属于其他掩膜（重叠：exclusive）</translation>
    </message>
    <message>
      <source>minimum A</source>
      <translation>最小 A</translation>
    </message>
    <message>
      <source>minimum I</source>
      <translation>最小 I</translation>
    </message>
    <message>
      <source>minimum R</source>
      <translation>最小 R</translation>
    </message>
    <message>
      <source>overlaps exclusive</source>
      <translation>重叠 exclusive</translation>
    </message>
    <message>
      <source>{name} drops {n}</source>
      <translation>{name} 剔除 {n} 个</translation>
    </message>
    <message>
      <source>{percent:.1f} % of the covered pixels lie in more than one mask.</source>
      <translation>被覆盖的像素中有 {percent:.1f} % 属于不止一个掩膜。</translation>
    </message>
    <message>
      <source>{n} masks so far</source>
      <translation>目前 {n} 个掩膜</translation>
    </message>
    <message>
      <source>No masks yet</source>
      <translation>还没有掩膜</translation>
    </message>
    <message>
      <source>{kept} of {total} masks pass · {chosen} selected</source>
      <translation>{total} 个掩膜中 {kept} 个通过 · 已选 {chosen} 个</translation>
    </message>
    <message>
      <source>{counts}, {failing} of them do not pass</source>
      <translation>{counts}，其中 {failing} 个未通过</translation>
    </message>
    <message>
      <source>The numbers come when all masks are found</source>
      <translation>找到所有掩膜后显示数值</translation>
    </message>
    <message>
      <source>No objects yet</source>
      <translation>还没有目标</translation>
    </message>
    <message>
      <source>No object passes the filter: {reasons}</source>
      <translation>没有目标通过筛选：{reasons}</translation>
    </message>
    <message>
      <source>{n} objects: all that pass the filter</source>
      <translation>{n} 个目标：所有通过筛选的目标</translation>
    </message>
    <message>
      <source>{n} calculated objects; {left_out} more do not pass the filter</source>
      <translation>{n} 个已计算的目标；另有 {left_out} 个未通过筛选</translation>
    </message>
    <message>
      <source>{n} calculated objects</source>
      <translation>{n} 个已计算的目标</translation>
    </message>
    <message>
      <source>The export failed</source>
      <translation>导出失败</translation>
    </message>
    <message>
      <source>Saving the marked image</source>
      <translation>正在保存标注图像</translation>
    </message>
    <message>
      <source>The marked image was not saved</source>
      <translation>标注图像未保存</translation>
    </message>
    <message>
      <source>&amp;File</source>
      <translation>文件(&amp;F)</translation>
    </message>
    <message>
      <source>&amp;Edit</source>
      <translation>编辑(&amp;E)</translation>
    </message>
    <message>
      <source>&amp;View</source>
      <translation>视图(&amp;V)</translation>
    </message>
    <message>
      <source>&amp;Help</source>
      <translation>帮助(&amp;H)</translation>
    </message>
    <message>
      <source>&amp;Open Image…</source>
      <translation>打开图像(&amp;O)…</translation>
    </message>
    <message>
      <source>Open &amp;Folder…</source>
      <translation>打开文件夹(&amp;F)…</translation>
    </message>
    <message>
      <source>Open &amp;Run…</source>
      <translation>打开运行结果(&amp;R)…</translation>
    </message>
    <message>
      <source>Open &amp;Model…</source>
      <translation>打开模型(&amp;M)…</translation>
    </message>
    <message>
      <source>Open Re&amp;cent</source>
      <translation>最近打开(&amp;C)</translation>
    </message>
    <message>
      <source>Open a &amp;Sample</source>
      <translation>打开示例(&amp;S)</translation>
    </message>
    <message>
      <source>&amp;Load Configuration…</source>
      <translation>载入配置(&amp;L)…</translation>
    </message>
    <message>
      <source>&amp;Save Configuration…</source>
      <translation>保存配置(&amp;S)…</translation>
    </message>
    <message>
      <source>&amp;Quit</source>
      <translation>退出(&amp;Q)</translation>
    </message>
    <message>
      <source>Nothing was opened yet</source>
      <translation>尚未打开过任何内容</translation>
    </message>
    <message>
      <source>Open Image</source>
      <translation>打开图像</translation>
    </message>
    <message>
      <source>Images ({patterns})</source>
      <translation>图像 ({patterns})</translation>
    </message>
    <message>
      <source>Open Folder</source>
      <translation>打开文件夹</translation>
    </message>
    <message>
      <source>Open Run</source>
      <translation>打开运行结果</translation>
    </message>
    <message>
      <source>Runs ({patterns})</source>
      <translation>运行结果 ({patterns})</translation>
    </message>
    <message>
      <source>Open Model</source>
      <translation>打开模型</translation>
    </message>
    <message>
      <source>Models ({patterns})</source>
      <translation>模型 ({patterns})</translation>
    </message>
    <message>
      <source>Load Configuration</source>
      <translation>载入配置</translation>
    </message>
    <message>
      <source>Configurations ({patterns})</source>
      <translation>配置 ({patterns})</translation>
    </message>
    <message>
      <source>Save Configuration</source>
      <translation>保存配置</translation>
    </message>
    <message>
      <source>All files</source>
      <translation>所有文件</translation>
    </message>
    <message>
      <source>&amp;Undo</source>
      <translation>撤销(&amp;U)</translation>
    </message>
    <message>
      <source>&amp;Redo</source>
      <translation>重做(&amp;R)</translation>
    </message>
    <message>
      <source>Copy as &amp;Command</source>
      <translation>复制为命令(&amp;C)</translation>
    </message>
    <message>
      <source>There is no command yet</source>
      <translation>还没有命令</translation>
    </message>
    <message>
      <source>Open an image or a folder first; then there is something to do.</source>
      <translation>请先打开图像或文件夹，然后才有命令可以复制。</translation>
    </message>
    <message>
      <source>Copied: {command}</source>
      <translation>已复制：{command}</translation>
    </message>
    <message>
      <source>&amp;Log</source>
      <translation>日志(&amp;L)</translation>
    </message>
    <message>
      <source>&amp;Theme</source>
      <translation>主题(&amp;T)</translation>
    </message>
    <message>
      <source>As the system</source>
      <translation>跟随系统</translation>
    </message>
    <message>
      <source>Light</source>
      <translation>浅色</translation>
    </message>
    <message>
      <source>Dark</source>
      <translation>深色</translation>
    </message>
    <message>
      <source>L&amp;anguage</source>
      <translation>语言(&amp;A)</translation>
    </message>
    <message>
      <source>&amp;Manual</source>
      <translation>使用手册(&amp;M)</translation>
    </message>
    <message>
      <source>&amp;Keyboard and Mouse</source>
      <translation>键盘与鼠标(&amp;K)</translation>
    </message>
    <message>
      <source>&amp;About samhq</source>
      <translation>关于 samhq(&amp;A)</translation>
    </message>
    <message>
      <source>Not looked at yet.</source>
      <translation>尚未检测。</translation>
    </message>
    <message>
      <source>The library nvidia-ml-py is missing; install samhq again.</source>
      <translation>缺少程序库 nvidia-ml-py；请重新安装 samhq。</translation>
    </message>
    <message>
      <source>No NVIDIA driver was found. samhq then works on the processor.</source>
      <translation>没有找到 NVIDIA 驱动程序。samhq 将使用处理器。</translation>
    </message>
    <message>
      <source>The NVIDIA driver is installed but not running; restart the computer.</source>
      <translation>NVIDIA 驱动程序已安装但未运行；请重新启动计算机。</translation>
    </message>
    <message>
      <source>The NVIDIA driver was updated; restart the computer.</source>
      <translation>NVIDIA 驱动程序已更新；请重新启动计算机。</translation>
    </message>
    <message>
      <source>There is no NVIDIA graphics card. samhq then works on the processor.</source>
      <translation>没有 NVIDIA 显卡。samhq 将使用处理器。</translation>
    </message>
    <message>
      <source>The graphics card no longer answers; restart the computer.</source>
      <translation>显卡不再响应；请重新启动计算机。</translation>
    </message>
    <message>
      <source>The graphics card does not tell.</source>
      <translation>显卡未提供此信息。</translation>
    </message>
    <message>
      <source>The NVIDIA driver reports: {error}</source>
      <translation>NVIDIA 驱动程序报告：{error}</translation>
    </message>
    <message>
      <source>N/A</source>
      <translation>不可用</translation>
    </message>
    <message>
      <source>{value}. {hint}</source>
      <translation>{value}。{hint}</translation>
    </message>
    <message>
      <source>System</source>
      <translation>系统资源</translation>
    </message>
    <message>
      <source>CPU</source>
      <translation>CPU</translation>
    </message>
    <message>
      <source>RAM</source>
      <translation>内存</translation>
    </message>
    <message>
      <source>GPU</source>
      <translation>GPU</translation>
    </message>
    <message>
      <source>VRAM</source>
      <translation>显存</translation>
    </message>
    <message>
      <source>{name} (card {number} of {count})</source>
      <translation>{name}（第 {number} 块显卡，共 {count} 块）</translation>
    </message>
    <message>
      <source>Not known.</source>
      <translation>未知。</translation>
    </message>
    <message>
      <source>All {count} processors: {percent:.0f} % busy</source>
      <translation>全部 {count} 个处理器：占用 {percent:.0f} %</translation>
    </message>
    <message>
      <source>{percent:.0f} %</source>
      <translation>{percent:.0f} %</translation>
    </message>
    <message>
      <source>{used:.1f} of {total:.1f} GB memory used by all programs</source>
      <translation>所有程序共使用 {used:.1f} GB 内存，总量 {total:.1f} GB</translation>
    </message>
    <message>
      <source>{card}: {percent:.0f} % busy</source>
      <translation>{card}：占用 {percent:.0f} %</translation>
    </message>
    <message>
      <source>{card}: {used:.1f} of {total:.1f} GB used</source>
      <translation>{card}：已用 {used:.1f} GB，总量 {total:.1f} GB</translation>
    </message>
    <message>
      <source>{used:.1f}/{total:.0f} GB</source>
      <translation>{used:.1f}/{total:.0f} GB</translation>
    </message>
    <message>
      <source>No.</source>
      <translation>编号</translation>
    </message>
    <message>
      <source>Number of the object, as on the image and in exported files</source>
      <translation>目标的编号，与图像和导出文件中的相同</translation>
    </message>
    <message>
      <source>A (px)</source>
      <translation>A (px)</translation>
    </message>
    <message>
      <source>Final area: pixels in the aggregation range</source>
      <translation>最终面积：聚集度范围内的像素数</translation>
    </message>
    <message>
      <source>I</source>
      <translation>I</translation>
    </message>
    <message>
      <source>Final total aggregation, over the pixels in the range</source>
      <translation>最终总聚集度，只计范围内的像素</translation>
    </message>
    <message>
      <source>R</source>
      <translation>R</translation>
    </message>
    <message>
      <source>Final mean aggregation: I / A</source>
      <translation>最终平均聚集度：I / A</translation>
    </message>
    <message>
      <source>Initial A (px)</source>
      <translation>初始 A (px)</translation>
    </message>
    <message>
      <source>Area of the whole mask</source>
      <translation>整个掩膜的面积</translation>
    </message>
    <message>
      <source>Initial I</source>
      <translation>初始 I</translation>
    </message>
    <message>
      <source>Total aggregation of the whole mask</source>
      <translation>整个掩膜的总聚集度</translation>
    </message>
    <message>
      <source>Initial R</source>
      <translation>初始 R</translation>
    </message>
    <message>
      <source>Mean aggregation of the whole mask</source>
      <translation>整个掩膜的平均聚集度</translation>
    </message>
    <message>
      <source>x</source>
      <translation>x</translation>
    </message>
    <message>
      <source>Centroid of the mask in pixels, from the left</source>
      <translation>掩膜质心到左边的距离（像素）</translation>
    </message>
    <message>
      <source>y</source>
      <translation>y</translation>
    </message>
    <message>
      <source>Centroid of the mask in pixels, from the top</source>
      <translation>掩膜质心到上边的距离（像素）</translation>
    </message>
    <message>
      <source>Quality</source>
      <translation>质量</translation>
    </message>
    <message>
      <source>Predicted IoU: how good the model itself holds the mask</source>
      <translation>预测 IoU：模型自己对掩膜质量的估计</translation>
    </message>
    <message>
      <source>Stability</source>
      <translation>稳定性</translation>
    </message>
    <message>
      <source>How little the mask changes when its cutoff moves</source>
      <translation>截断值移动时掩膜变化有多小</translation>
    </message>
    <message>
      <source>{help}. In files: {name}</source>
      <translation>{help}。文件中的名称：{name}</translation>
    </message>
    <message>
      <source>Σ {count}</source>
      <translation>Σ {count}</translation>
    </message>
    <message>
      <source>mean</source>
      <translation>平均值</translation>
    </message>
    <message>
      <source>Total of all rows</source>
      <translation>所有行的总和</translation>
    </message>
    <message>
      <source>Mean of all rows</source>
      <translation>所有行的平均值</translation>
    </message>
    <message>
      <source>{meaning}: {value}</source>
      <translation>{meaning}：{value}</translation>
    </message>
    <message>
      <source>Objects</source>
      <translation>目标</translation>
    </message>
    <message>
      <source>One row for each object; Enter shows it on the image</source>
      <translation>每个目标一行；按 Enter 在图像上显示</translation>
    </message>
    <message>
      <source>Totals and means</source>
      <translation>总和与平均值</translation>
    </message>
    <message>
      <source>Measure This Computer</source>
      <translation>测量这台计算机</translation>
    </message>
    <message>
      <source>Measure how fast this computer is</source>
      <translation>测量这台计算机的速度</translation>
    </message>
    <message>
      <source>&amp;Try on Current Image</source>
      <translation>在当前图像上试用(&amp;T)</translation>
    </message>
    <message>
      <source>Try the changes on the current image</source>
      <translation>在当前图像上试用更改</translation>
    </message>
    <message>
      <source>&amp;Try on a Sample</source>
      <translation>在示例上试用(&amp;T)</translation>
    </message>
    <message>
      <source>Measuring…</source>
      <translation>正在测量…</translation>
    </message>
    <message>
      <source>Encodings: {encodings} · prompts: {prompts} · image: {width} × {height} px</source>
      <translation>编码：{encodings} 次 · 提示：{prompts} 个 · 图像：{width} × {height} px</translation>
    </message>
    <message>
      <source>Encodings: {encodings} · prompts: {prompts} · no image open, {width} × {height} px assumed</source>
      <translation>编码：{encodings} 次 · 提示：{prompts} 个 · 未打开图像，按 {width} × {height} px 估计</translation>
    </message>
    <message>
      <source>How long an image takes here is not known yet.</source>
      <translation>尚不知道这里处理一幅图像需要多长时间。</translation>
    </message>
    <message>
      <source>About {one} an image, {many} for {count} images</source>
      <translation>每幅图像约 {one}，{count} 幅图像约 {many}</translation>
    </message>
    <message>
      <source>In force: about {time} an image</source>
      <translation>当前生效的设置：每幅图像约 {time}</translation>
    </message>
    <message>
      <source>on</source>
      <translation>启用</translation>
    </message>
    <message>
      <source>Browse…</source>
      <translation>浏览…</translation>
    </message>
    <message>
      <source>Choose a model file</source>
      <translation>选择模型文件</translation>
    </message>
    <message>
      <source>not chosen</source>
      <translation>未选择</translation>
    </message>
    <message>
      <source>all pages</source>
      <translation>所有页</translation>
    </message>
    <message>
      <source>all of them</source>
      <translation>全部</translation>
    </message>
    <message>
      <source>page number</source>
      <translation>页码</translation>
    </message>
    <message>
      <source>number</source>
      <translation>编号</translation>
    </message>
    <message>
      <source>Load…</source>
      <translation>载入…</translation>
    </message>
    <message>
      <source>Clear</source>
      <translation>清除</translation>
    </message>
    <message>
      <source>none</source>
      <translation>无</translation>
    </message>
    <message>
      <source>{points} points, {layers} layers</source>
      <translation>{points} 个点，{layers} 层</translation>
    </message>
    <message>
      <source>Choose a file with prompt points</source>
      <translation>选择含提示点的文件</translation>
    </message>
    <message>
      <source>JSON files (*.json)</source>
      <translation>JSON 文件 (*.json)</translation>
    </message>
    <message>
      <source>SAM-HQ models (*.pth *.pt *.safetensors)</source>
      <translation>SAM-HQ 模型 (*.pth *.pt *.safetensors)</translation>
    </message>
    <message>
      <source>A change finds all masks again with the network.</source>
      <translation>更改后，网络要重新寻找所有掩膜。</translation>
    </message>
    <message>
      <source>re-segments</source>
      <translation>重新分割</translation>
    </message>
    <message>
      <source>A change only filters again what was found.</source>
      <translation>更改后，只需对已找到的掩膜重新筛选。</translation>
    </message>
    <message>
      <source>re-filters only</source>
      <translation>仅重新筛选</translation>
    </message>
    <message>
      <source>A change only writes tables and pictures again.</source>
      <translation>更改后，只需重新写入表格和图片。</translation>
    </message>
    <message>
      <source>writes again</source>
      <translation>重新写入</translation>
    </message>
    <message>
      <source>A change alters speed and memory, and no result.</source>
      <translation>更改只影响速度和内存，不影响结果。</translation>
    </message>
    <message>
      <source>changes no result</source>
      <translation>不影响结果</translation>
    </message>
    <message>
      <source>No effect.</source>
      <translation>没有影响。</translation>
    </message>
    <message>
      <source>Small model: fast, coarser contours</source>
      <translation>小模型：快，轮廓较粗糙</translation>
    </message>
    <message>
      <source>Large model: slow, finer contours</source>
      <translation>大模型：慢，轮廓较精细</translation>
    </message>
    <message>
      <source>vit_b, vit_l and vit_h take many times as long as starter and vit_tiny on a processor.</source>
      <translation>在处理器上，vit_b、vit_l 和 vit_h 的耗时是 starter 和 vit_tiny 的许多倍。</translation>
    </message>
    <message>
      <source>From about 1 GB for small models to 8 GB and more for vit_h.</source>
      <translation>小模型约需 1 GB，vit_h 需 8 GB 或更多。</translation>
    </message>
    <message>
      <source>A larger model where contours are ragged or pale objects are missed, best with a GPU.</source>
      <translation>轮廓不整齐或漏掉浅色目标时，用更大的模型，最好有 GPU。</translation>
    </message>
    <message>
      <source>A smaller model for a first look and on computers without a GPU.</source>
      <translation>初步查看时或计算机没有 GPU 时，用更小的模型。</translation>
    </message>
    <message>
      <source>Few points: small objects fall between them</source>
      <translation>点少：小目标落在点之间</translation>
    </message>
    <message>
      <source>Many points: each object is hit</source>
      <translation>点多：每个目标都被点到</translation>
    </message>
    <message>
      <source>Grows with the square: 64 takes about four times as long as 32.</source>
      <translation>随点数的平方增长：64 的耗时约为 32 的四倍。</translation>
    </message>
    <message>
      <source>Hardly any effect; points per batch decides.</source>
      <translation>几乎没有影响；起作用的是每批点数。</translation>
    </message>
    <message>
      <source>Raise it if small objects are missed. The gap between points should be smaller than the objects.</source>
      <translation>漏掉小目标时调高。点的间距应小于目标。</translation>
    </message>
    <message>
      <source>Lower it if objects are large and few, or for a quick trial.</source>
      <translation>目标大而少或快速试用时调低。</translation>
    </message>
    <message>
      <source>Few at once: little memory</source>
      <translation>一次点数少：占用内存少</translation>
    </message>
    <message>
      <source>Many at once: fewer rounds</source>
      <translation>一次点数多：批次少</translation>
    </message>
    <message>
      <source>More may be faster on a GPU; on a processor it hardly matters.</source>
      <translation>在 GPU 上调高可能更快；在处理器上几乎没有影响。</translation>
    </message>
    <message>
      <source>Grows in proportion; if memory runs out, it is halved by itself and the work goes on.</source>
      <translation>按比例增长；内存不足时会自动减半，工作继续进行。</translation>
    </message>
    <message>
      <source>Raise it on a GPU with free memory.</source>
      <translation>GPU 有空闲内存时调高。</translation>
    </message>
    <message>
      <source>Lower it if memory runs out or the computer becomes slow.</source>
      <translation>内存不足或计算机变慢时调低。</translation>
    </message>
    <message>
      <source>Low: doubtful masks stay</source>
      <translation>低：可疑的掩膜也留下</translation>
    </message>
    <message>
      <source>High: only masks the model is sure of</source>
      <translation>高：只留模型有把握的掩膜</translation>
    </message>
    <message>
      <source>A high threshold is slightly faster: fewer masks are worked on.</source>
      <translation>阈值高时稍快：需要处理的掩膜更少。</translation>
    </message>
    <message>
      <source>Raise it if masks lie beside the objects or cover background.</source>
      <translation>掩膜偏离目标或盖住背景时调高。</translation>
    </message>
    <message>
      <source>Lower it if good objects are missing, such as pale or blurred ones.</source>
      <translation>漏掉好目标（如浅色或模糊的目标）时调低。</translation>
    </message>
    <message>
      <source>Low: objects with soft edges stay</source>
      <translation>低：边缘柔和的目标也留下</translation>
    </message>
    <message>
      <source>High: only objects with sharp edges</source>
      <translation>高：只留边缘清晰的目标</translation>
    </message>
    <message>
      <source>Raise it if smears and shadows are taken for objects.</source>
      <translation>污迹和阴影被当成目标时调高。</translation>
    </message>
    <message>
      <source>Lower it for blurred images and for objects with a halo.</source>
      <translation>图像模糊或目标带有光晕时调低。</translation>
    </message>
    <message>
      <source>Small: contours nearly the same, lenient</source>
      <translation>小：轮廓几乎相同，宽松</translation>
    </message>
    <message>
      <source>Large: contours far apart, strict</source>
      <translation>大：轮廓相差很远，严格</translation>
    </message>
    <message>
      <source>Rarely worth a change: move the stability score threshold instead.</source>
      <translation>很少需要更改：请改为调整稳定性分数阈值。</translation>
    </message>
    <message>
      <source>Low: one mask where boxes overlap</source>
      <translation>低：边框重叠处只留一个掩膜</translation>
    </message>
    <message>
      <source>High: doubles and parts stay</source>
      <translation>高：重复的和局部的掩膜也留下</translation>
    </message>
    <message>
      <source>Slightly slower when high: more masks are kept.</source>
      <translation>调高时稍慢：保留的掩膜更多。</translation>
    </message>
    <message>
      <source>Slightly more when high.</source>
      <translation>调高时稍多。</translation>
    </message>
    <message>
      <source>Raise it if touching or nested objects swallow each other.</source>
      <translation>相接或嵌套的目标互相吞并时调高。</translation>
    </message>
    <message>
      <source>Lower it if the same object is counted twice.</source>
      <translation>同一目标被重复计数时调低。</translation>
    </message>
    <message>
      <source>0: the whole image at once</source>
      <translation>0：一次处理整幅图像</translation>
    </message>
    <message>
      <source>2: also 4 and 16 enlarged parts</source>
      <translation>2：另加 4 个和 16 个放大的裁剪块</translation>
    </message>
    <message>
      <source>Each layer takes about four times as long as the one before.</source>
      <translation>每一层的耗时约为前一层的四倍。</translation>
    </message>
    <message>
      <source>Hardly any effect: one part is worked on at a time.</source>
      <translation>几乎没有影响：一次只处理一个裁剪块。</translation>
    </message>
    <message>
      <source>Raise it for large images (over about 2,000 px) with small objects.</source>
      <translation>图像大（超过约 2,000 px）而目标小时调高。</translation>
    </message>
    <message>
      <source>Leave it at 0 for images up to about 1,000 px.</source>
      <translation>不超过约 1,000 px 的图像请保持为 0。</translation>
    </message>
    <message>
      <source>Low: one mask where parts overlap</source>
      <translation>低：裁剪块重叠处只留一个掩膜</translation>
    </message>
    <message>
      <source>High: doubles of two parts stay</source>
      <translation>高：两个裁剪块的重复掩膜也留下</translation>
    </message>
    <message>
      <source>Raise it if neighbours vanish where two parts meet.</source>
      <translation>两个裁剪块相接处相邻的目标消失时调高。</translation>
    </message>
    <message>
      <source>Lower it if objects are doubled where two parts meet. Only used with crop layers.</source>
      <translation>两个裁剪块相接处目标重复时调低。仅在使用裁剪层时有效。</translation>
    </message>
    <message>
      <source>Small: objects at the seam are cut</source>
      <translation>小：接缝处的目标被切断</translation>
    </message>
    <message>
      <source>Large: whole in at least one part</source>
      <translation>大：目标至少在一个裁剪块中完整</translation>
    </message>
    <message>
      <source>The number of parts stays; each becomes larger and less enlarged.</source>
      <translation>裁剪块的数量不变；每块变大，放大倍数变小。</translation>
    </message>
    <message>
      <source>Raise it if large objects are missing at the seams of the parts.</source>
      <translation>裁剪块接缝处漏掉大目标时调高。</translation>
    </message>
    <message>
      <source>Lower it if all objects are small. Only used with crop layers.</source>
      <translation>所有目标都小时调低。仅在使用裁剪层时有效。</translation>
    </message>
    <message>
      <source>1: each part has all points</source>
      <translation>1：每个裁剪块都有全部点数</translation>
    </message>
    <message>
      <source>2: each part has half a side of points</source>
      <translation>2：每个裁剪块每边点数减半</translation>
    </message>
    <message>
      <source>2 makes the first layer take as many prompts as the whole image, not four times as many.</source>
      <translation>设为 2 时，第一层的提示数与整幅图像相同，而不是它的四倍。</translation>
    </message>
    <message>
      <source>Raise it to 2 if crop layers take too long.</source>
      <translation>裁剪层耗时过长时调高到 2。</translation>
    </message>
    <message>
      <source>Leave it at 1 for very small objects. Only used with crop layers.</source>
      <translation>目标非常小时保持为 1。仅在使用裁剪层时有效。</translation>
    </message>
    <message>
      <source>None: evenly spaced points</source>
      <translation>无：均匀分布的点</translation>
    </message>
    <message>
      <source>Own points: only where you want</source>
      <translation>自定义点：只在您需要的位置</translation>
    </message>
    <message>
      <source>In proportion to the number of points.</source>
      <translation>与点数成正比。</translation>
    </message>
    <message>
      <source>For known places such as the wells of a plate: a JSON file with one list of [x, y] from 0 to 1 for each crop layer. Points per side must then be off.</source>
      <translation>用于已知的位置，如孔板上的孔：一个 JSON 文件，每个裁剪层一个由 [x, y] 组成的列表，值为 0 到 1。此时每边点数必须关闭。</translation>
    </message>
    <message>
      <source>grid: asks at every point</source>
      <translation>grid：在每个点提示</translation>
    </message>
    <message>
      <source>adaptive: asks where no mask lies yet</source>
      <translation>adaptive：只在尚无掩膜处提示</translation>
    </message>
    <message>
      <source>adaptive and dark-guided save more, the more of the image the objects cover or leave empty. discovered saves most with a large model: it is asked once for each object.</source>
      <translation>目标覆盖的面积越大，adaptive 越省时；空白越多，dark-guided 越省时。discovered 配合大模型最省时：每个目标只提示一次。</translation>
    </message>
    <message>
      <source>discovered keeps a second, small model in memory.</source>
      <translation>discovered 会在内存中另外保留一个小模型。</translation>
    </message>
    <message>
      <source>Another choice than grid, if an image takes too long. Try it on an image of yours first: some objects may be missed.</source>
      <translation>图像耗时太长时，可选 grid 以外的方式。请先在自己的图像上试用：可能漏掉一些目标。</translation>
    </message>
    <message>
      <source>grid, if every object counts.</source>
      <translation>每个目标都重要时选 grid。</translation>
    </message>
    <message>
      <source>Low: also at pale places</source>
      <translation>低：浅处也提示</translation>
    </message>
    <message>
      <source>High: only at dark places</source>
      <translation>高：只在暗处提示</translation>
    </message>
    <message>
      <source>The higher, the fewer points are asked, and the faster it is.</source>
      <translation>值越高，提示点越少，速度越快。</translation>
    </message>
    <message>
      <source>Raise it if there is much pale ground. Only with prompts dark-guided.</source>
      <translation>浅色背景较多时调高。仅用于提示方式 dark-guided。</translation>
    </message>
    <message>
      <source>Lower it if pale objects are missed. automatic finds a threshold for each picture.</source>
      <translation>漏掉浅色目标时调低。自动：为每幅图像求出阈值。</translation>
    </message>
    <message>
      <source>dark: objects darker than the ground</source>
      <translation>dark：目标比背景暗</translation>
    </message>
    <message>
      <source>bright: objects brighter than the ground</source>
      <translation>bright：目标比背景亮</translation>
    </message>
    <message>
      <source>bright, for fluorescence and other bright objects. Only with prompts dark-guided.</source>
      <translation>荧光等亮目标选 bright。仅用于提示方式 dark-guided。</translation>
    </message>
    <message>
      <source>0: holes and specks stay</source>
      <translation>0：孔洞和碎斑留下</translation>
    </message>
    <message>
      <source>Higher: filled and removed</source>
      <translation>较高：孔洞填补，碎斑去除</translation>
    </message>
    <message>
      <source>Slightly slower when above 0.</source>
      <translation>大于 0 时稍慢。</translation>
    </message>
    <message>
      <source>Raise it to the area, in pixels, below which a speck or hole is certainly none.</source>
      <translation>设为一个面积（像素）：小于它的碎斑或孔洞肯定不是真的。</translation>
    </message>
    <message>
      <source>0 leaves masks as the model drew them, which is best for measuring.</source>
      <translation>0 表示保留模型画出的掩膜原样，最适合测量。</translation>
    </message>
    <message>
      <source>binary_mask: a picture for each object</source>
      <translation>binary_mask：每个目标一张图片</translation>
    </message>
    <message>
      <source>Run lengths: one small text file</source>
      <translation>游程编码：一个小文本文件</translation>
    </message>
    <message>
      <source>Run lengths are written faster than thousands of pictures.</source>
      <translation>写入游程编码比写入数千张图片快。</translation>
    </message>
    <message>
      <source>binary_mask for ImageJ and other programs for pictures.</source>
      <translation>ImageJ 和其他图像程序用 binary_mask。</translation>
    </message>
    <message>
      <source>coco_rle for machine learning, uncompressed_rle for scripts of your own.</source>
      <translation>机器学习用 coco_rle，自己的脚本用 uncompressed_rle。</translation>
    </message>
    <message>
      <source>Off: tables only</source>
      <translation>关：只有表格</translation>
    </message>
    <message>
      <source>On: a marked picture for each image</source>
      <translation>开：每幅图像一张标注图片</translation>
    </message>
    <message>
      <source>Writing pictures takes most of the time of an output.</source>
      <translation>写入图片占输出的大部分时间。</translation>
    </message>
    <message>
      <source>Disk space about as large as the images.</source>
      <translation>磁盘空间约与图像相当。</translation>
    </message>
    <message>
      <source>On, to check by eye what was counted.</source>
      <translation>想用眼睛检查计入了什么时打开。</translation>
    </message>
    <message>
      <source>Off, for thousands of images of which only numbers are needed.</source>
      <translation>数千幅图像且只需要数字时关闭。</translation>
    </message>
    <message>
      <source>Nothing: outlines only</source>
      <translation>无：只有轮廓</translation>
    </message>
    <message>
      <source>Values: A, I and R at each object</source>
      <translation>数值：每个目标旁显示 A、I 和 R</translation>
    </message>
    <message>
      <source>Values for few objects; numbers to find an object of the table in the picture.</source>
      <translation>目标少时用数值；想在图片中找到表格里的目标时用编号。</translation>
    </message>
    <message>
      <source>Nothing for crowded images and for figures.</source>
      <translation>目标拥挤的图像和论文插图用“无”。</translation>
    </message>
    <message>
      <source>Off</source>
      <translation>不使用</translation>
    </message>
    <message>
      <source>On: all images on one sheet</source>
      <translation>开：所有图像排在一张图上</translation>
    </message>
    <message>
      <source>A few seconds for hundreds of images.</source>
      <translation>数百幅图像需几秒钟。</translation>
    </message>
    <message>
      <source>On, to see at a glance which images differ from the others.</source>
      <translation>想一眼看出哪些图像与众不同时打开。</translation>
    </message>
    <message>
      <source>cpu: works everywhere</source>
      <translation>cpu：处处可用</translation>
    </message>
    <message>
      <source>cuda, mps: many times faster</source>
      <translation>cuda、mps：快许多倍</translation>
    </message>
    <message>
      <source>A GPU is often 10 to 50 times faster than a processor.</source>
      <translation>GPU 往往比处理器快 10 到 50 倍。</translation>
    </message>
    <message>
      <source>With a GPU its own memory counts, which is often small.</source>
      <translation>使用 GPU 时取决于 GPU 自己的内存，它往往较小。</translation>
    </message>
    <message>
      <source>auto is right nearly always; cuda:1 chooses the second of two GPUs.</source>
      <translation>auto 几乎总是合适；cuda:1 选择两块 GPU 中的第二块。</translation>
    </message>
    <message>
      <source>cpu, if the GPU is too small for the model or needed for something else.</source>
      <translation>GPU 太小装不下模型或另有他用时，选 cpu。</translation>
    </message>
    <message>
      <source>fp32: exact, slower</source>
      <translation>fp32：精确，较慢</translation>
    </message>
    <message>
      <source>bf16, fp16: half the memory</source>
      <translation>bf16、fp16：内存减半</translation>
    </message>
    <message>
      <source>16 bit is up to twice as fast on recent GPUs, and slower on most processors.</source>
      <translation>16 位在较新的 GPU 上最多快一倍，在多数处理器上反而更慢。</translation>
    </message>
    <message>
      <source>16 bit needs about half.</source>
      <translation>16 位约需一半。</translation>
    </message>
    <message>
      <source>auto is right nearly always.</source>
      <translation>auto 几乎总是合适。</translation>
    </message>
    <message>
      <source>fp32, to compare with results of other computers as exactly as possible.</source>
      <translation>需要尽可能精确地与其他计算机的结果比较时，用 fp32。</translation>
    </message>
    <message>
      <source>Few: the computer stays free</source>
      <translation>少：计算机保持空闲</translation>
    </message>
    <message>
      <source>Many: faster up to the number of cores</source>
      <translation>多：更快，直到用满核心数</translation>
    </message>
    <message>
      <source>Faster up to the number of real cores, not beyond.</source>
      <translation>更快，直到用满实际核心数，再多则无益。</translation>
    </message>
    <message>
      <source>Leave it automatic if nothing else runs.</source>
      <translation>没有其他程序运行时保持自动。</translation>
    </message>
    <message>
      <source>Lower it to go on working while a batch runs.</source>
      <translation>想在批处理期间继续用计算机工作时调低。</translation>
    </message>
    <message>
      <source>A number: this page of every file</source>
      <translation>数字：每个文件的这一页</translation>
    </message>
    <message>
      <source>All pages: each is an image of its own</source>
      <translation>所有页：每页都是一幅单独的图像</translation>
    </message>
    <message>
      <source>In proportion to the number of pages.</source>
      <translation>与页数成正比。</translation>
    </message>
    <message>
      <source>All pages for time series and stacks.</source>
      <translation>时间序列和图像堆栈用所有页。</translation>
    </message>
    <message>
      <source>A number, if one channel or one plane is to be measured.</source>
      <translation>只测量一个通道或一个层面时，填写页码。</translation>
    </message>
    <message>
      <source>A number: this one of every file</source>
      <translation>编号：每个文件的这一个</translation>
    </message>
    <message>
      <source>All: each is an image of its own</source>
      <translation>全部：每一个都是单独的图像</translation>
    </message>
    <message>
      <source>In proportion to the number of planes.</source>
      <translation>与平面数成正比。</translation>
    </message>
    <message>
      <source>All, to compare places, heights or times.</source>
      <translation>比较不同位置、高度或时间时选全部。</translation>
    </message>
    <message>
      <source>A number, if one plane says enough.</source>
      <translation>一个平面就够时选编号。</translation>
    </message>
    <message>
      <source>One channel: its gray levels are measured</source>
      <translation>一个通道：测量它的灰度</translation>
    </message>
    <message>
      <source>all: each channel is an image of its own</source>
      <translation>all：每个通道都是单独的图像</translation>
    </message>
    <message>
      <source>A name holds where files list their channels in different orders.</source>
      <translation>各文件通道顺序不同时，用名称更可靠。</translation>
    </message>
    <message>
      <source>Not chosen: objects are found in the channel that is measured</source>
      <translation>未选择：在所测通道中寻找对象</translation>
    </message>
    <message>
      <source>Another channel: found there, measured here</source>
      <translation>另一通道：在那里寻找，在这里测量</translation>
    </message>
    <message>
      <source>The plane of a second channel.</source>
      <translation>第二个通道的平面。</translation>
    </message>
    <message>
      <source>A channel with clear borders, if the one that is measured has none.</source>
      <translation>所测通道边界不清时，选边界清晰的通道。</translation>
    </message>
    <message>
      <source>Not chosen: the size that each file states</source>
      <translation>未选择：各文件所记的尺寸</translation>
    </message>
    <message>
      <source>A size: it replaces what the files say</source>
      <translation>给定尺寸：取代文件所记</translation>
    </message>
    <message>
      <source>Give it where files state none, or a wrong one.</source>
      <translation>文件没有记录或记录有误时给出。</translation>
    </message>
    <message>
      <source>Range of the file: nothing is clipped</source>
      <translation>文件的范围：不截去任何值</translation>
    </message>
    <message>
      <source>Narrower: pale differences count more</source>
      <translation>较窄：浅色的差别更明显</translation>
    </message>
    <message>
      <source>percentile looks at all images before it starts.</source>
      <translation>percentile 在开始前要查看所有图像。</translation>
    </message>
    <message>
      <source>fixed or percentile, if a 16-bit camera used only a small part of its range.</source>
      <translation>16 位相机只用了其范围的一小部分时，用 fixed 或 percentile。</translation>
    </message>
    <message>
      <source>dtype for 8-bit images and whenever results of several days are compared.</source>
      <translation>8 位图像以及要比较不同日期的结果时，用 dtype。</translation>
    </message>
    <message>
      <source>Low: few pixels are fully black</source>
      <translation>低：只有少数像素为全黑</translation>
    </message>
    <message>
      <source>High: more pixels are fully black</source>
      <translation>高：更多像素为全黑</translation>
    </message>
    <message>
      <source>The stored value of an opaque place, the same for all images that are compared.</source>
      <translation>不透光处的存储值；所有要比较的图像都相同。</translation>
    </message>
    <message>
      <source>Low: pale places become white</source>
      <translation>低：浅色处变为白</translation>
    </message>
    <message>
      <source>High: background stays gray</source>
      <translation>高：背景保持灰色</translation>
    </message>
    <message>
      <source>The stored value of empty background, the same for all images that are compared.</source>
      <translation>空白背景的存储值；所有要比较的图像都相同。</translation>
    </message>
    <message>
      <source>0: the darkest pixel is black</source>
      <translation>0：最暗的像素为黑</translation>
    </message>
    <message>
      <source>Higher: dust does not count</source>
      <translation>较高：灰尘不计</translation>
    </message>
    <message>
      <source>All images are looked at before the start.</source>
      <translation>开始前要查看所有图像。</translation>
    </message>
    <message>
      <source>0.1 keeps single dead pixels from setting the scale. Only with percentile above.</source>
      <translation>0.1 可防止个别坏点决定标尺。仅在上面选 percentile 时有效。</translation>
    </message>
    <message>
      <source>Lower: glare does not count</source>
      <translation>较低：反光不计</translation>
    </message>
    <message>
      <source>100: the brightest pixel is white</source>
      <translation>100：最亮的像素为白</translation>
    </message>
    <message>
      <source>99.9 keeps single bright pixels from setting the scale. Only with percentile above.</source>
      <translation>99.9 可防止个别亮点决定标尺。仅在上面选 percentile 时有效。</translation>
    </message>
    <message>
      <source>As measured: the network sees pale gray</source>
      <translation>按测量值：网络看到浅灰色</translation>
    </message>
    <message>
      <source>Stretched: the network sees contrast</source>
      <translation>拉伸：网络看到对比度</translation>
    </message>
    <message>
      <source>percentile, if objects in pale images are missed.</source>
      <translation>漏掉浅色图像中的目标时，用 percentile。</translation>
    </message>
    <message>
      <source>none, if noise of empty images is taken for objects. Measured values never change.</source>
      <translation>空白图像的噪声被当成目标时，用 none。测量值始终不变。</translation>
    </message>
    <message>
      <source>Basic Detection</source>
      <translation>基本检测</translation>
    </message>
    <message>
      <source>Quality Control</source>
      <translation>质量控制</translation>
    </message>
    <message>
      <source>Post-processing</source>
      <translation>后处理</translation>
    </message>
    <message>
      <source>Large Image</source>
      <translation>大图像</translation>
    </message>
    <message>
      <source>Output Format</source>
      <translation>输出格式</translation>
    </message>
    <message>
      <source>Compute</source>
      <translation>计算</translation>
    </message>
    <message>
      <source>Looking at the model</source>
      <translation>正在查看模型</translation>
    </message>
    <message>
      <source>Measuring the speed</source>
      <translation>正在测量速度</translation>
    </message>
    <message>
      <source>The speed could not be measured</source>
      <translation>无法测量速度</translation>
    </message>
    <message>
      <source>Trying the settings in force</source>
      <translation>正在试用当前生效的设置</translation>
    </message>
    <message>
      <source>Trying the changed settings</source>
      <translation>正在试用更改后的设置</translation>
    </message>
    <message>
      <source>The settings could not be tried</source>
      <translation>无法试用这些设置</translation>
    </message>
    <message>
      <source>Explanation</source>
      <translation>说明</translation>
    </message>
    <message>
      <source>Time</source>
      <translation>时间</translation>
    </message>
    <message>
      <source>Memory</source>
      <translation>内存</translation>
    </message>
    <message>
      <source>Advice</source>
      <translation>建议</translation>
    </message>
    <message>
      <source>{found} masks, {kept} pass the filter; {time}</source>
      <translation>{found} 个掩膜，{kept} 个通过筛选；{time}</translation>
    </message>
    <message>
      <source>under way: {found} masks so far</source>
      <translation>进行中：目前 {found} 个掩膜</translation>
    </message>
    <message>
      <source>under way…</source>
      <translation>进行中…</translation>
    </message>
    <message>
      <source>stopped</source>
      <translation>已停止</translation>
    </message>
    <message>
      <source>Nothing tried yet</source>
      <translation>尚未试用</translation>
    </message>
    <message>
      <source>Masks of the current image under the settings in force, and under your changes, beside each other.</source>
      <translation>并排显示当前图像在当前生效的设置下和更改后的掩膜。</translation>
    </message>
    <message>
      <source>Try on Current Image</source>
      <translation>在当前图像上试用</translation>
    </message>
    <message>
      <source>In force</source>
      <translation>当前生效</translation>
    </message>
    <message>
      <source>With your changes</source>
      <translation>更改后</translation>
    </message>
    <message>
      <source>Stop</source>
      <translation>停止</translation>
    </message>
    <message>
      <source>Stop trying</source>
      <translation>停止试用</translation>
    </message>
    <message>
      <source>The settings were changed after this trial.</source>
      <translation>试用之后设置又有更改。</translation>
    </message>
    <message>
      <source>automatic</source>
      <translation>自动</translation>
    </message>
    <message>
      <source>{seconds:.1f} s</source>
      <translation>{seconds:.1f} 秒</translation>
    </message>
    <message>
      <source>{seconds} s</source>
      <translation>{seconds} 秒</translation>
    </message>
    <message>
      <source>{minutes} min</source>
      <translation>{minutes} 分钟</translation>
    </message>
    <message>
      <source>{hours:.1f} h</source>
      <translation>{hours:.1f} 小时</translation>
    </message>
    <message>
      <source>{hours} h</source>
      <translation>{hours} 小时</translation>
    </message>
    <message>
      <source>range of the file (dtype)</source>
      <translation>文件的范围 (dtype)</translation>
    </message>
    <message>
      <source>fixed numbers (fixed)</source>
      <translation>固定数值 (fixed)</translation>
    </message>
    <message>
      <source>percentiles of the run (percentile)</source>
      <translation>整批的百分位数 (percentile)</translation>
    </message>
    <message>
      <source>automatic (auto)</source>
      <translation>自动 (auto)</translation>
    </message>
    <message>
      <source>as measured (none)</source>
      <translation>按测量值 (none)</translation>
    </message>
    <message>
      <source>always stretched (percentile)</source>
      <translation>始终拉伸 (percentile)</translation>
    </message>
    <message>
      <source>every point (grid)</source>
      <translation>每个点 (grid)</translation>
    </message>
    <message>
      <source>where no mask is yet (adaptive)</source>
      <translation>尚无掩膜处 (adaptive)</translation>
    </message>
    <message>
      <source>where it is dark (dark-guided)</source>
      <translation>暗处 (dark-guided)</translation>
    </message>
    <message>
      <source>found by the starter (discovered)</source>
      <translation>starter 找到的目标 (discovered)</translation>
    </message>
    <message>
      <source>dark objects (dark)</source>
      <translation>暗目标 (dark)</translation>
    </message>
    <message>
      <source>bright objects (bright)</source>
      <translation>亮目标 (bright)</translation>
    </message>
    <message>
      <source>count for every mask (keep)</source>
      <translation>每个掩膜都计 (keep)</translation>
    </message>
    <message>
      <source>count for the best mask (exclusive)</source>
      <translation>只计最好的掩膜 (exclusive)</translation>
    </message>
    <message>
      <source>A, I and R (values)</source>
      <translation>A、I 和 R (values)</translation>
    </message>
    <message>
      <source>number of the object (number)</source>
      <translation>目标编号 (number)</translation>
    </message>
    <message>
      <source>nothing (none)</source>
      <translation>无 (none)</translation>
    </message>
    <message>
      <source>one PNG per mask (binary_mask)</source>
      <translation>每个掩膜一个 PNG (binary_mask)</translation>
    </message>
    <message>
      <source>plain run lengths (uncompressed_rle)</source>
      <translation>未压缩游程编码 (uncompressed_rle)</translation>
    </message>
    <message>
      <source>COCO run lengths (coco_rle)</source>
      <translation>COCO 游程编码 (coco_rle)</translation>
    </message>
    <message>
      <source>32 bit (fp32)</source>
      <translation>32 位 (fp32)</translation>
    </message>
    <message>
      <source>16 bit, wide range (bf16)</source>
      <translation>16 位宽范围 (bf16)</translation>
    </message>
    <message>
      <source>16 bit (fp16)</source>
      <translation>16 位 (fp16)</translation>
    </message>
    <message>
      <source>Scene</source>
      <translation>场景</translation>
    </message>
    <message>
      <source>Measured channel</source>
      <translation>测量的通道</translation>
    </message>
    <message>
      <source>Shown to the network</source>
      <translation>网络所见</translation>
    </message>
    <message>
      <source>z slice</source>
      <translation>z 切片</translation>
    </message>
    <message>
      <source>Time point</source>
      <translation>时间点</translation>
    </message>
    <message>
      <source>Page</source>
      <translation>页</translation>
    </message>
    <message>
      <source>Scene {n}</source>
      <translation>场景 {n}</translation>
    </message>
    <message>
      <source>Channel {n}</source>
      <translation>通道 {n}</translation>
    </message>
    <message>
      <source>the measured one</source>
      <translation>所测通道</translation>
    </message>
    <message>
      <source> of {n}</source>
      <translation> / {n}</translation>
    </message>
    <message>
      <source>Standard</source>
      <translation>标准</translation>
    </message>
    <message>
      <source>What the model recommends, or the values of the makers of SAM-HQ. Right for most images.</source>
      <translation>模型推荐的值，或 SAM-HQ 作者的值。适合大多数图像。</translation>
    </message>
    <message>
      <source>Fast</source>
      <translation>快速</translation>
    </message>
    <message>
      <source>A quarter of the prompt points: about four times as fast, for large objects and for a first look.</source>
      <translation>提示点为四分之一：约快四倍，适合大目标和初步查看。</translation>
    </message>
    <message>
      <source>Small objects</source>
      <translation>小目标</translation>
    </message>
    <message>
      <source>Four times the prompt points: finds objects of a sixtieth of the image's side; four times as slow.</source>
      <translation>提示点为四倍：可找到图像边长六十分之一大小的目标；耗时为四倍。</translation>
    </message>
    <message>
      <source>Large images</source>
      <translation>大图像</translation>
    </message>
    <message>
      <source>The whole image and four enlarged overlapping parts: for over about 2,000 px; twice the prompts, five encodings.</source>
      <translation>整幅图像加四个放大的重叠裁剪块：适合超过约 2,000 px 的图像；提示数为两倍，编码五次。</translation>
    </message>
    <message>
      <source>High memory care</source>
      <translation>节省内存</translation>
    </message>
    <message>
      <source>Few prompts at once and no enlarged parts: slower, for computers that run out of memory. Same results as Standard.</source>
      <translation>一次提示少，不用放大的裁剪块：较慢，适合内存不足的计算机。结果与“标准”相同。</translation>
    </message>
    <message>
      <source>A batch is under way; stop it first.</source>
      <translation>批处理正在进行；请先停止。</translation>
    </message>
    <message>
      <source>This folder cannot be used</source>
      <translation>无法使用此文件夹</translation>
    </message>
    <message>
      <source>Opening {name}</source>
      <translation>正在打开 {name}</translation>
    </message>
    <message>
      <source>This run cannot be opened</source>
      <translation>无法打开此运行结果</translation>
    </message>
    <message>
      <source>Planning {name}</source>
      <translation>正在为 {name} 制订计划</translation>
    </message>
    <message>
      <source>{name} cannot be processed</source>
      <translation>无法处理 {name}</translation>
    </message>
    <message>
      <source>Segmenting {name}</source>
      <translation>正在分割 {name}</translation>
    </message>
    <message>
      <source>Stopped. Everything finished is kept; Resume goes on from there.</source>
      <translation>已停止。已完成的内容都会保留；点击“继续”从那里接着进行。</translation>
    </message>
    <message>
      <source>The batch stopped</source>
      <translation>批处理已停止</translation>
    </message>
    <message>
      <source>Looking for {name}</source>
      <translation>正在查找 {name}</translation>
    </message>
    <message>
      <source>The run cannot be read</source>
      <translation>无法读取运行结果</translation>
    </message>
    <message>
      <source>Only the first of {n} images was opened; drop their folder to process all.</source>
      <translation>只打开了 {n} 幅图像中的第一幅；要处理全部图像，请拖放它们所在的文件夹。</translation>
    </message>
    <message>
      <source>{name} cannot be opened</source>
      <translation>无法打开 {name}</translation>
    </message>
    <message>
      <source>There is no such file or folder.</source>
      <translation>没有这样的文件或文件夹。</translation>
    </message>
    <message>
      <source>{name} cannot be read</source>
      <translation>无法读取 {name}</translation>
    </message>
    <message>
      <source>This filter is not possible</source>
      <translation>此筛选条件不可用</translation>
    </message>
    <message>
      <source>This setting is not possible</source>
      <translation>此设置不可用</translation>
    </message>
    <message>
      <source>The model cannot be used</source>
      <translation>无法使用该模型</translation>
    </message>
    <message>
      <source>Use the starter model</source>
      <translation>使用 starter 模型</translation>
    </message>
    <message>
      <source>The configuration was not saved</source>
      <translation>配置未保存</translation>
    </message>
    <message>
      <source>Configuration saved as {path}</source>
      <translation>配置已保存为 {path}</translation>
    </message>
    <message>
      <source>The configuration was not loaded; nothing was changed</source>
      <translation>配置未载入；没有任何改变</translation>
    </message>
    <message>
      <source>{name} was loaded, but not all of it</source>
      <translation>{name} 已载入，但不完整</translation>
    </message>
    <message>
      <source>Left out: {problems}</source>
      <translation>未载入：{problems}</translation>
    </message>
    <message>
      <source>Configuration loaded from {path}</source>
      <translation>已从 {path} 载入配置</translation>
    </message>
    <message>
      <source>samhq itself failed ({error}); please report it with the details.</source>
      <translation>samhq 自身出错（{error}）；请连同详细信息一起报告此问题。</translation>
    </message>
    <message>
      <source>Progress</source>
      <translation>进度</translation>
    </message>
    <message>
      <source>Stopping…</source>
      <translation>正在停止…</translation>
    </message>
    <message>
      <source>Ready</source>
      <translation>就绪</translation>
    </message>
    <message>
      <source>Stop: {title}</source>
      <translation>停止：{title}</translation>
    </message>
    <message>
      <source>{title}: {item}</source>
      <translation>{title}：{item}</translation>
    </message>
    <message>
      <source>{done} · {left}</source>
      <translation>{done} · {left}</translation>
    </message>
    <message>
      <source>{percent} %</source>
      <translation>{percent} %</translation>
    </message>
    <message>
      <source>{done}/{total}</source>
      <translation>{done}/{total}</translation>
    </message>
    <message>
      <source>Running job</source>
      <translation>正在运行的任务</translation>
    </message>
    <message>
      <source>ready</source>
      <translation>就绪</translation>
    </message>
    <message>
      <source>loading…</source>
      <translation>正在载入…</translation>
    </message>
    <message>
      <source>cannot be used</source>
      <translation>无法使用</translation>
    </message>
    <message>
      <source>No model</source>
      <translation>无模型</translation>
    </message>
    <message>
      <source>Model: {name}
Type: {architecture}
Device: {device}
Precision: {precision}
State: {state}</source>
      <translation>模型：{name}
类型：{architecture}
设备：{device}
精度：{precision}
状态：{state}</translation>
    </message>
    <message>
      <source>not looked at yet</source>
      <translation>尚未检测</translation>
    </message>
    <message>
      <source>Model</source>
      <translation>模型</translation>
    </message>
    <message>
      <source>Select Image</source>
      <translation>选择图像</translation>
    </message>
    <message>
      <source>PNG picture (*.png)</source>
      <translation>PNG 图片 (*.png)</translation>
    </message>
    <message>
      <source>PDF (*.pdf)</source>
      <translation>PDF (*.pdf)</translation>
    </message>
    <message>
      <source>SVG drawing (*.svg)</source>
      <translation>SVG 图形 (*.svg)</translation>
    </message>
    <message>
      <source>Save Chart</source>
      <translation>保存图表</translation>
    </message>
    <message>
      <source>The numbers are on the clipboard.</source>
      <translation>数值已复制到剪贴板。</translation>
    </message>
    <message>
      <source>The command is on the clipboard.</source>
      <translation>命令已复制到剪贴板。</translation>
    </message>
    <message>
      <source>Only pixels in this range count from now on (Ctrl+Z takes it back).</source>
      <translation>从现在起只计此范围内的像素（按 Ctrl+Z 撤销）。</translation>
    </message>
    <message>
      <source>Reading {name} …</source>
      <translation>正在读取 {name} …</translation>
    </message>
    <message>
      <source>Draw a rectangle on the image.</source>
      <translation>在图像上画一个矩形。</translation>
    </message>
    <message>
      <source>Draw around a part of the image.</source>
      <translation>圈出图像的一部分。</translation>
    </message>
    <message>
      <source>Analyzed: {region}.</source>
      <translation>已分析：{region}。</translation>
    </message>
    <message>
      <source>Analyzing …</source>
      <translation>正在分析…</translation>
    </message>
    <message>
      <source>One hill alone has no trough. A lower prominence finds smaller ones.</source>
      <translation>只有一个峰时没有谷。降低突出度可以找到更小的峰。</translation>
    </message>
    <message>
      <source>Statistics</source>
      <translation>统计</translation>
    </message>
    <message>
      <source>Peaks and troughs</source>
      <translation>峰与谷</translation>
    </message>
    <message>
      <source>&amp;Select Image…</source>
      <translation>选择图像(&amp;S)…</translation>
    </message>
    <message>
      <source>Or drop an image anywhere on the window</source>
      <translation>也可以把图像拖放到窗口的任意位置</translation>
    </message>
    <message>
      <source>Sa&amp;mple</source>
      <translation>示例(&amp;M)</translation>
    </message>
    <message>
      <source>Open a micrograph that comes with samhq</source>
      <translation>打开 samhq 自带的显微图像</translation>
    </message>
    <message>
      <source>1  Select image</source>
      <translation>1  选择图像</translation>
    </message>
    <message>
      <source>&amp;Analyze</source>
      <translation>分析(&amp;A)</translation>
    </message>
    <message>
      <source>Happens by itself when an image is opened or something is changed</source>
      <translation>打开图像或更改设置后会自动进行</translation>
    </message>
    <message>
      <source>2  Analyze</source>
      <translation>2  分析</translation>
    </message>
    <message>
      <source>&amp;Use as aggregation range</source>
      <translation>用作聚集度范围(&amp;U)</translation>
    </message>
    <message>
      <source>From now on only pixels in this range count in the other tabs</source>
      <translation>从现在起，其他标签页只计此范围内的像素</translation>
    </message>
    <message>
      <source>3  Adjust</source>
      <translation>3  调整</translation>
    </message>
    <message>
      <source>How dark are the pixels of an image?</source>
      <translation>图像的像素有多暗？</translation>
    </message>
    <message>
      <source>Select a micrograph, or drop one here, to see the distribution of its gray levels with peaks and troughs, and to find the range of aggregation that marks what you look for.</source>
      <translation>选择一幅显微图像，或将其拖放到这里，即可查看灰度级的分布及其峰和谷，并找出能标出您要找的内容的聚集度范围。</translation>
    </message>
    <message>
      <source>Select Image…</source>
      <translation>选择图像…</translation>
    </message>
    <message>
      <source>Try it on a sample</source>
      <translation>用示例试一试</translation>
    </message>
    <message>
      <source>Save &amp;Chart…</source>
      <translation>保存图表(&amp;C)…</translation>
    </message>
    <message>
      <source>As PNG, PDF or SVG</source>
      <translation>保存为 PNG、PDF 或 SVG</translation>
    </message>
    <message>
      <source>Clear Char&amp;t</source>
      <translation>清除图表(&amp;T)</translation>
    </message>
    <message>
      <source>Take the histogram away; Analyze brings it back</source>
      <translation>移去直方图；点击“分析”可恢复</translation>
    </message>
    <message>
      <source>Copy &amp;Numbers</source>
      <translation>复制数值(&amp;N)</translation>
    </message>
    <message>
      <source>All numbers, to paste into a spreadsheet</source>
      <translation>复制所有数值，可粘贴到电子表格</translation>
    </message>
    <message>
      <source>Copy as Comman&amp;d</source>
      <translation>复制为命令(&amp;D)</translation>
    </message>
    <message>
      <source>The line that does the same in a terminal</source>
      <translation>在终端中做同样事情的命令行</translation>
    </message>
    <message>
      <source>No image is open.</source>
      <translation>没有打开图像。</translation>
    </message>
    <message>
      <source>{name}
{width} × {height} pixels, {bits} bit, gray</source>
      <translation>{name}
{width} × {height} 像素，{bits} 位，灰度</translation>
    </message>
    <message>
      <source>{name}
{width} × {height} pixels, {bits} bit, color</source>
      <translation>{name}
{width} × {height} 像素，{bits} 位，彩色</translation>
    </message>
    <message>
      <source>&amp;Whole</source>
      <translation>全图(&amp;W)</translation>
    </message>
    <message>
      <source>Analyze the whole image</source>
      <translation>分析整幅图像</translation>
    </message>
    <message>
      <source>&amp;Rectangle</source>
      <translation>矩形(&amp;R)</translation>
    </message>
    <message>
      <source>Draw a rectangle on the image</source>
      <translation>在图像上画一个矩形</translation>
    </message>
    <message>
      <source>&amp;Lasso</source>
      <translation>套索(&amp;L)</translation>
    </message>
    <message>
      <source>Draw around a part of the image</source>
      <translation>圈出图像的一部分</translation>
    </message>
    <message>
      <source>&amp;Masks</source>
      <translation>掩膜(&amp;M)</translation>
    </message>
    <message>
      <source>The masks that are selected in the tab Mask Analysis</source>
      <translation>在“掩膜分析”标签页中选择的掩膜</translation>
    </message>
    <message>
      <source>Lowest aggregation of the range</source>
      <translation>范围的最低聚集度</translation>
    </message>
    <message>
      <source>Highest aggregation of the range</source>
      <translation>范围的最高聚集度</translation>
    </message>
    <message>
      <source>{inside} of {pixels} pixels ({percent} %)</source>
      <translation>{pixels} 个像素中的 {inside} 个（{percent} %）</translation>
    </message>
    <message>
      <source>1st percentile</source>
      <translation>第 1 百分位数</translation>
    </message>
    <message>
      <source>5th percentile</source>
      <translation>第 5 百分位数</translation>
    </message>
    <message>
      <source>25th percentile</source>
      <translation>第 25 百分位数</translation>
    </message>
    <message>
      <source>75th percentile</source>
      <translation>第 75 百分位数</translation>
    </message>
    <message>
      <source>95th percentile</source>
      <translation>第 95 百分位数</translation>
    </message>
    <message>
      <source>99th percentile</source>
      <translation>第 99 百分位数</translation>
    </message>
    <message>
      <source>Standard deviation (SD)</source>
      <translation>标准差 (SD)</translation>
    </message>
    <message>
      <source>dark</source>
      <translation>暗</translation>
    </message>
    <message>
      <source>bright</source>
      <translation>亮</translation>
    </message>
    <message>
      <source>Peaks (red) are hills of the smoothed line, troughs (orange) the valleys between them.</source>
      <translation>峰（红色）是平滑曲线的凸起，谷（橙色）是凸起之间的凹陷。</translation>
    </message>
    <message>
      <source>Middle of the bin</source>
      <translation>分箱的中点</translation>
    </message>
    <message>
      <source>Pixels counted in that bin</source>
      <translation>该分箱中的像素数</translation>
    </message>
    <message>
      <source>Height of the smoothed line there, where the dot lies</source>
      <translation>该处平滑曲线的高度，即圆点的位置</translation>
    </message>
    <message>
      <source>Peak {n}</source>
      <translation>峰 {n}</translation>
    </message>
    <message>
      <source>Trough {n}</source>
      <translation>谷 {n}</translation>
    </message>
    <message>
      <source>Statistics of aggregation</source>
      <translation>聚集度统计</translation>
    </message>
    <message>
      <source>Click to see it in the histogram; double-click to let the range begin there.</source>
      <translation>单击可在直方图中查看；双击可让范围从那里开始。</translation>
    </message>
    <message>
      <source>Drop a folder of images here</source>
      <translation>将图像文件夹拖放到这里</translation>
    </message>
    <message>
      <source>samhq finds and measures the objects of all images in it, subfolders too. You filter them while it works, and get pictures and tables.</source>
      <translation>samhq 会找出并测量其中所有图像（包括子文件夹）的目标。您可以在它工作时进行筛选，并得到图片和表格。</translation>
    </message>
    <message>
      <source>Choose Folder…</source>
      <translation>选择文件夹…</translation>
    </message>
    <message>
      <source>Try it on samples…</source>
      <translation>用示例试一试…</translation>
    </message>
    <message>
      <source>&amp;Start</source>
      <translation>开始(&amp;S)</translation>
    </message>
    <message>
      <source>S&amp;top</source>
      <translation>停止(&amp;T)</translation>
    </message>
    <message>
      <source>Stop within a second; everything finished is kept</source>
      <translation>一秒内停止；已完成的内容都会保留</translation>
    </message>
    <message>
      <source>Export &amp;Data</source>
      <translation>导出数据(&amp;D)</translation>
    </message>
    <message>
      <source>Write pictures and tables under the filter in force</source>
      <translation>按当前生效的筛选条件写入图片和表格</translation>
    </message>
    <message>
      <source>Other formats, shape measurements, names of columns</source>
      <translation>其他格式、形状测量、列名</translation>
    </message>
    <message>
      <source>Export in another format</source>
      <translation>以其他格式导出</translation>
    </message>
    <message>
      <source>&amp;Open Output</source>
      <translation>打开输出(&amp;O)</translation>
    </message>
    <message>
      <source>Show the output folder in the file manager</source>
      <translation>在文件管理器中显示输出文件夹</translation>
    </message>
    <message>
      <source>View O&amp;utput</source>
      <translation>查看输出(&amp;U)</translation>
    </message>
    <message>
      <source>Show the written pictures and tables here</source>
      <translation>在这里显示已写入的图片和表格</translation>
    </message>
    <message>
      <source>&amp;Copy as Command</source>
      <translation>复制为命令(&amp;C)</translation>
    </message>
    <message>
      <source>Copy the command line that does the same</source>
      <translation>复制做同样事情的命令行</translation>
    </message>
    <message>
      <source>Find and measure the objects of all images (F5)</source>
      <translation>找出并测量所有图像的目标 (F5)</translation>
    </message>
    <message>
      <source>&amp;Resume</source>
      <translation>继续(&amp;R)</translation>
    </message>
    <message>
      <source>Go on where the last start stopped (F5)</source>
      <translation>从上次停止的地方继续 (F5)</translation>
    </message>
    <message>
      <source>Progress of the batch</source>
      <translation>批处理进度</translation>
    </message>
    <message>
      <source>Show failed</source>
      <translation>显示失败项</translation>
    </message>
    <message>
      <source>Retr&amp;y these</source>
      <translation>重试这些(&amp;Y)</translation>
    </message>
    <message>
      <source>Start again: only what failed or is new is segmented</source>
      <translation>重新开始：只分割失败的和新增的图像</translation>
    </message>
    <message>
      <source>{what}. {objects}.</source>
      <translation>{what}。{objects}。</translation>
    </message>
    <message>
      <source>{n:,} images stored, {m:,} still to segment, {k:,} failed</source>
      <translation>已存储 {n:,} 幅图像，待分割 {m:,} 幅，失败 {k:,} 幅</translation>
    </message>
    <message>
      <source>{n:,} images stored, {k:,} failed</source>
      <translation>已存储 {n:,} 幅图像，失败 {k:,} 幅</translation>
    </message>
    <message>
      <source>{n:,} images stored, {m:,} still to segment</source>
      <translation>已存储 {n:,} 幅图像，待分割 {m:,} 幅</translation>
    </message>
    <message>
      <source>{n:,} images stored</source>
      <translation>已存储 {n:,} 幅图像</translation>
    </message>
    <message>
      <source>Starting</source>
      <translation>正在开始</translation>
    </message>
    <message>
      <source>{done:,} of {total:,} images</source>
      <translation>{total:,} 幅图像中的第 {done:,} 幅</translation>
    </message>
    <message>
      <source>{done:,} of {total:,} images, {left}</source>
      <translation>{total:,} 幅图像中的第 {done:,} 幅，{left}</translation>
    </message>
    <message>
      <source>Area A (px)</source>
      <translation>面积 A (px)</translation>
    </message>
    <message>
      <source>Area {value}: {n} objects</source>
      <translation>面积 {value}：{n} 个目标</translation>
    </message>
    <message>
      <source>Total aggregation I</source>
      <translation>总聚集度 I</translation>
    </message>
    <message>
      <source>I {value}: {n} objects</source>
      <translation>I {value}：{n} 个目标</translation>
    </message>
    <message>
      <source>Ratio R = I/A</source>
      <translation>比值 R = I/A</translation>
    </message>
    <message>
      <source>R {value}: {n} objects</source>
      <translation>R {value}：{n} 个目标</translation>
    </message>
    <message>
      <source>Aggregation of pixels</source>
      <translation>像素聚集度</translation>
    </message>
    <message>
      <source>Areas of all objects, with the minimum area to drag</source>
      <translation>所有目标的面积，可拖动最小面积</translation>
    </message>
    <message>
      <source>Total aggregation of all objects, with the minimum to drag</source>
      <translation>所有目标的总聚集度，可拖动最小值</translation>
    </message>
    <message>
      <source>Ratios of all objects, with the minimum ratio to drag</source>
      <translation>所有目标的比值，可拖动最小比值</translation>
    </message>
    <message>
      <source>Aggregation of all pixels of the objects, with the range to drag</source>
      <translation>目标所有像素的聚集度，可拖动范围</translation>
    </message>
    <message>
      <source>Search images</source>
      <translation>搜索图像</translation>
    </message>
    <message>
      <source>Search images by their name</source>
      <translation>按名称搜索图像</translation>
    </message>
    <message>
      <source>Show only images whose path holds this text (Ctrl+F)</source>
      <translation>只显示路径中含有此文字的图像 (Ctrl+F)</translation>
    </message>
    <message>
      <source>Show images in this state</source>
      <translation>显示处于此状态的图像</translation>
    </message>
    <message>
      <source>Images of the batch</source>
      <translation>批处理的图像</translation>
    </message>
    <message>
      <source>{n:,} of {total:,} images</source>
      <translation>{total:,} 幅图像中的 {n:,} 幅</translation>
    </message>
    <message>
      <source>All ({n:,})</source>
      <translation>全部 ({n:,})</translation>
    </message>
    <message>
      <source>{state} ({n:,})</source>
      <translation>{state} ({n:,})</translation>
    </message>
    <message>
      <source>Open in Mask Analysis</source>
      <translation>在掩膜分析中打开</translation>
    </message>
    <message>
      <source>{what}: {value}</source>
      <translation>{what}：{value}</translation>
    </message>
    <message>
      <source>Input folder</source>
      <translation>输入文件夹</translation>
    </message>
    <message>
      <source>Choose the folder with your images; subfolders are read too (Ctrl+Shift+O)</source>
      <translation>选择存放图像的文件夹；也会读取子文件夹 (Ctrl+Shift+O)</translation>
    </message>
    <message>
      <source>Recent</source>
      <translation>最近</translation>
    </message>
    <message>
      <source>Recent folders and runs, a single image, the sample folder</source>
      <translation>最近的文件夹和运行结果、单幅图像、示例文件夹</translation>
    </message>
    <message>
      <source>Use the settings of this run</source>
      <translation>使用此运行结果的设置</translation>
    </message>
    <message>
      <source>Take segmentation and image settings from the stored run, so that its images stay done</source>
      <translation>采用已存储运行结果的分割和图像设置，使其图像无需重新分割</translation>
    </message>
    <message>
      <source>Find the images…</source>
      <translation>查找图像…</translation>
    </message>
    <message>
      <source>Choose the folder with your images</source>
      <translation>选择存放图像的文件夹</translation>
    </message>
    <message>
      <source>Where are the images now?</source>
      <translation>图像现在在哪里？</translation>
    </message>
    <message>
      <source>One image…</source>
      <translation>单幅图像…</translation>
    </message>
    <message>
      <source>A stored run…</source>
      <translation>已存储的运行结果…</translation>
    </message>
    <message>
      <source>Sample folder…</source>
      <translation>示例文件夹…</translation>
    </message>
    <message>
      <source>One image</source>
      <translation>单幅图像</translation>
    </message>
    <message>
      <source>Choose a run folder; its name ends in _SAM_HQ_Run</source>
      <translation>选择运行结果文件夹；其名称以 _SAM_HQ_Run 结尾</translation>
    </message>
    <message>
      <source>Where shall the sample folder be made?</source>
      <translation>示例文件夹应建在哪里？</translation>
    </message>
    <message>
      <source>Copying the samples</source>
      <translation>正在复制示例</translation>
    </message>
    <message>
      <source>The samples were not copied</source>
      <translation>示例未复制</translation>
    </message>
    <message>
      <source>None yet: choose one, or drop it anywhere</source>
      <translation>尚未选择：请选择一个，或拖放到任意位置</translation>
    </message>
    <message>
      <source>The images are no longer there. The stored objects can still be filtered and exported.</source>
      <translation>图像已不在原处。仍可筛选和导出已存储的目标。</translation>
    </message>
    <message>
      <source>The stored run was made with other settings ({names}); a start segments its images again.</source>
      <translation>已存储的运行结果使用了其他设置（{names}）；开始后将重新分割其图像。</translation>
    </message>
    <message>
      <source>Apply parameter changes</source>
      <translation>应用参数更改</translation>
    </message>
    <message>
      <source>{device}, {precision}, {n} points per side</source>
      <translation>{device}，{precision}，每边 {n} 点</translation>
    </message>
    <message>
      <source>{device}, {precision}</source>
      <translation>{device}，{precision}</translation>
    </message>
    <message>
      <source>Apply {n} parameter changes</source>
      <translation>应用 {n} 项参数更改</translation>
    </message>
    <message>
      <source>Output folder</source>
      <translation>输出文件夹</translation>
    </message>
    <message>
      <source>Where results are made</source>
      <translation>结果的存放位置</translation>
    </message>
    <message>
      <source>Beside the input</source>
      <translation>与输入相邻</translation>
    </message>
    <message>
      <source>Write pictures and tables when done</source>
      <translation>完成后写入图片和表格</translation>
    </message>
    <message>
      <source>Choose where results are made</source>
      <translation>选择结果的存放位置</translation>
    </message>
    <message>
      <source>Filters</source>
      <translation>筛选条件</translation>
    </message>
    <message>
      <source>Plan</source>
      <translation>计划</translation>
    </message>
    <message>
      <source>What is passed over</source>
      <translation>跳过的内容</translation>
    </message>
    <message>
      <source>Looking at the folder…</source>
      <translation>正在查看文件夹…</translation>
    </message>
    <message>
      <source>{n} passed over</source>
      <translation>跳过 {n} 项</translation>
    </message>
    <message>
      <source>Picture of the output</source>
      <translation>输出的图片</translation>
    </message>
    <message>
      <source>The image with kept and dropped objects</source>
      <translation>带有保留目标和剔除目标的图像</translation>
    </message>
    <message>
      <source>Output picture</source>
      <translation>输出图片</translation>
    </message>
    <message>
      <source>The annotated picture as it was written</source>
      <translation>写入时的标注图片</translation>
    </message>
    <message>
      <source>Output table</source>
      <translation>输出表格</translation>
    </message>
    <message>
      <source>The table of objects as it was written</source>
      <translation>写入时的目标表格</translation>
    </message>
    <message>
      <source>Output that is shown</source>
      <translation>显示的输出</translation>
    </message>
    <message>
      <source>Outputs of this run, one for each filter it was written with</source>
      <translation>此运行结果的输出，每组写入时的筛选条件一个</translation>
    </message>
    <message>
      <source>Previous image (Alt+Up)</source>
      <translation>上一幅图像 (Alt+Up)</translation>
    </message>
    <message>
      <source>Next image (Alt+Down)</source>
      <translation>下一幅图像 (Alt+Down)</translation>
    </message>
    <message>
      <source>Choose an image in the list to see its objects.</source>
      <translation>请在列表中选择一幅图像以查看其目标。</translation>
    </message>
    <message>
      <source>{kept:,} of {found:,} objects kept; point at one to see why</source>
      <translation>{found:,} 个目标中保留 {kept:,} 个；指向目标可查看原因</translation>
    </message>
    <message>
      <source>Table of the output</source>
      <translation>输出的表格</translation>
    </message>
    <message>
      <source>… more in the file</source>
      <translation>……文件中还有更多</translation>
    </message>
    <message>
      <source>{path}, page {page}</source>
      <translation>{path}，第 {page} 页</translation>
    </message>
    <message>
      <source>Step {number}: {title}</source>
      <translation>第 {number} 步：{title}</translation>
    </message>
    <message>
      <source>{number}  {title}</source>
      <translation>{number}  {title}</translation>
    </message>
    <message>
      <source>Setup</source>
      <translation>准备</translation>
    </message>
    <message>
      <source>Open Image…</source>
      <translation>打开图像…</translation>
    </message>
    <message>
      <source>Open an image (Ctrl+O)</source>
      <translation>打开图像 (Ctrl+O)</translation>
    </message>
    <message>
      <source>Recent images and samples</source>
      <translation>最近的图像和示例</translation>
    </message>
    <message>
      <source>Images opened before, and samples to try</source>
      <translation>以前打开过的图像，以及可供试用的示例</translation>
    </message>
    <message>
      <source>Samples</source>
      <translation>示例</translation>
    </message>
    <message>
      <source>{folder}: {name}</source>
      <translation>{folder}：{name}</translation>
    </message>
    <message>
      <source>Reading {name}…</source>
      <translation>正在读取 {name}…</translation>
    </message>
    <message>
      <source>No image yet: open one, or drop it anywhere</source>
      <translation>还没有图像：请打开一幅，或拖放到任意位置</translation>
    </message>
    <message>
      <source>{w:,} × {h:,} px · {bits} bit, gray</source>
      <translation>{w:,} × {h:,} px · {bits} 位，灰度</translation>
    </message>
    <message>
      <source>{w:,} × {h:,} px · {bits} bit, color</source>
      <translation>{w:,} × {h:,} px · {bits} 位，彩色</translation>
    </message>
    <message>
      <source>{facts} · {um:.4g} µm/px</source>
      <translation>{facts} · {um:.4g} µm/px</translation>
    </message>
    <message>
      <source>Aggregation of {region}. Drag the ends of the range: only pixels inside count.</source>
      <translation>聚集度（{region}）。拖动范围两端：只计范围内的像素。</translation>
    </message>
    <message>
      <source>The model that finds masks</source>
      <translation>用来寻找掩膜的模型</translation>
    </message>
    <message>
      <source>&amp;Model</source>
      <translation>模型(&amp;M)</translation>
    </message>
    <message>
      <source>Download</source>
      <translation>下载</translation>
    </message>
    <message>
      <source>Listing the models</source>
      <translation>正在列出模型</translation>
    </message>
    <message>
      <source>Downloading {name}</source>
      <translation>正在下载 {name}</translation>
    </message>
    <message>
      <source>{name} was not downloaded</source>
      <translation>{name} 未能下载</translation>
    </message>
    <message>
      <source>A file…</source>
      <translation>文件…</translation>
    </message>
    <message>
      <source>Download {name} ({size})</source>
      <translation>下载 {name} ({size})</translation>
    </message>
    <message>
      <source>{name} ({architecture})</source>
      <translation>{name} ({architecture})</translation>
    </message>
    <message>
      <source>{name} – download {size}</source>
      <translation>{name} – 下载 {size}</translation>
    </message>
    <message>
      <source>&amp;Generate Masks</source>
      <translation>生成掩膜(&amp;G)</translation>
    </message>
    <message>
      <source>Find every object of the image with SAM-HQ (F5)</source>
      <translation>用 SAM-HQ 找出图像中的每个目标 (F5)</translation>
    </message>
    <message>
      <source>Stop finding masks (Esc)</source>
      <translation>停止寻找掩膜 (Esc)</translation>
    </message>
    <message>
      <source>Progress of finding masks</source>
      <translation>寻找掩膜的进度</translation>
    </message>
    <message>
      <source>Open an image first.</source>
      <translation>请先打开图像。</translation>
    </message>
    <message>
      <source>No masks were found. More points per side or lower thresholds (SAM-HQ Parameters) find more.</source>
      <translation>没有找到掩膜。增加每边点数或降低阈值（见 SAM-HQ 参数）可以找到更多。</translation>
    </message>
    <message>
      <source>{n} masks drawn by hand</source>
      <translation>手工绘制了 {n} 个掩膜</translation>
    </message>
    <message>
      <source>{n} masks in {s:.1f} s</source>
      <translation>{s:.1f} 秒找到 {n} 个掩膜</translation>
    </message>
    <message>
      <source>{found}, then corrected by hand</source>
      <translation>{found}，之后经手工修正</translation>
    </message>
    <message>
      <source>{found}. The settings or the model changed since: generate again to use them.</source>
      <translation>{found}。此后设置或模型有更改：请重新生成以采用新设置。</translation>
    </message>
    <message>
      <source>Reading the image; the first masks will show soon…</source>
      <translation>正在读取图像；最初的掩膜很快就会出现…</translation>
    </message>
    <message>
      <source>{so_far} · {left}</source>
      <translation>{so_far} · {left}</translation>
    </message>
    <message>
      <source>Masks appear on the image as they are found.</source>
      <translation>掩膜一经找到就会显示在图像上。</translation>
    </message>
    <message>
      <source>About {seconds:.0f} s on this computer.</source>
      <translation>在这台计算机上约需 {seconds:.0f} 秒。</translation>
    </message>
    <message>
      <source>Select &amp; filter</source>
      <translation>选择与筛选</translation>
    </message>
    <message>
      <source>&amp;Calculate Selected Masks</source>
      <translation>计算所选掩膜(&amp;C)</translation>
    </message>
    <message>
      <source>Show A, I and R of the selected masks in the table; with none selected, of all that pass (F6)</source>
      <translation>在表格中显示所选掩膜的 A、I 和 R；未选择时显示所有通过的掩膜 (F6)</translation>
    </message>
    <message>
      <source>Select All</source>
      <translation>全选</translation>
    </message>
    <message>
      <source>Select every mask that passes the filter (Ctrl+A)</source>
      <translation>选择所有通过筛选的掩膜 (Ctrl+A)</translation>
    </message>
    <message>
      <source>Deselect All</source>
      <translation>取消全选</translation>
    </message>
    <message>
      <source>Select no mask (Ctrl+D)</source>
      <translation>不选择任何掩膜 (Ctrl+D)</translation>
    </message>
    <message>
      <source>Invert</source>
      <translation>反选</translation>
    </message>
    <message>
      <source>Select the other masks that pass the filter instead (Ctrl+I)</source>
      <translation>改为选择其他通过筛选的掩膜 (Ctrl+I)</translation>
    </message>
    <message>
      <source>Mark the selected masks as examples of what is not wanted (R: the mask under the pointer)</source>
      <translation>将所选掩膜标为不需要的例子（按 R：指针处的掩膜）</translation>
    </message>
    <message>
      <source>&amp;Find more like these</source>
      <translation>查找更多类似掩膜(&amp;F)</translation>
    </message>
    <message>
      <source>Propose a filter that keeps the selected masks and drops those that are not wanted (F7)</source>
      <translation>提出一组筛选条件，保留所选掩膜并剔除不需要的掩膜 (F7)</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>应用</translation>
    </message>
    <message>
      <source>Use this filter</source>
      <translation>使用这组筛选条件</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>取消</translation>
    </message>
    <message>
      <source>Keep the filter as it is (Esc)</source>
      <translation>保持筛选条件不变 (Esc)</translation>
    </message>
    <message>
      <source>Results</source>
      <translation>结果</translation>
    </message>
    <message>
      <source>All that pass</source>
      <translation>所有通过的</translation>
    </message>
    <message>
      <source>Put every mask that passes the filter into the table again</source>
      <translation>将所有通过筛选的掩膜重新放入表格</translation>
    </message>
    <message>
      <source>&amp;Export</source>
      <translation>导出(&amp;E)</translation>
    </message>
    <message>
      <source>Export</source>
      <translation>导出</translation>
    </message>
    <message>
      <source>Write the objects of the table into a folder</source>
      <translation>将表格中的目标写入文件夹</translation>
    </message>
    <message>
      <source>Save Marked Image…</source>
      <translation>保存标注图像…</translation>
    </message>
    <message>
      <source>Save the image with the objects of the table outlined</source>
      <translation>保存图像，并画出表格中目标的轮廓</translation>
    </message>
    <message>
      <source>Copy as Command</source>
      <translation>复制为命令</translation>
    </message>
    <message>
      <source>Copy the command line that does the same (Ctrl+Shift+C)</source>
      <translation>复制做同样事情的命令行 (Ctrl+Shift+C)</translation>
    </message>
    <message>
      <source>Export into</source>
      <translation>导出到</translation>
    </message>
    <message>
      <source>Save Marked Image</source>
      <translation>保存标注图像</translation>
    </message>
    <message>
      <source>Pictures (*.png)</source>
      <translation>图片 (*.png)</translation>
    </message>
    <message>
      <source>Copied: {command} (corrections and selections by hand are not part of it)</source>
      <translation>已复制：{command}（不包括手工修正和选择）</translation>
    </message>
    <message>
      <source>{n} objects exported into {folder}</source>
      <translation>已将 {n} 个目标导出到 {folder}</translation>
    </message>
    <message>
      <source>Saved as {path}</source>
      <translation>已保存为 {path}</translation>
    </message>
    <message>
      <source>Nothing to show yet.</source>
      <translation>还没有可显示的内容。</translation>
    </message>
    <message>
      <source>Tools</source>
      <translation>工具</translation>
    </message>
    <message>
      <source>Join the selected masks into one</source>
      <translation>将所选掩膜合并为一个</translation>
    </message>
    <message>
      <source>Take the selected masks away</source>
      <translation>删除所选掩膜</translation>
    </message>
    <message>
      <source>Fit</source>
      <translation>适应</translation>
    </message>
    <message>
      <source>Show the whole image (0, or a double click)</source>
      <translation>显示整幅图像（按 0 或双击）</translation>
    </message>
    <message>
      <source>Select</source>
      <translation>选择</translation>
    </message>
    <message>
      <source>Click selects a mask, again the next one below; right click deselects</source>
      <translation>单击选择掩膜，再次单击选择下面一个；右键单击取消选择</translation>
    </message>
    <message>
      <source>Rectangle</source>
      <translation>矩形</translation>
    </message>
    <message>
      <source>Select masks in a rectangle; Shift adds, Alt removes</source>
      <translation>选择矩形内的掩膜；Shift 添加，Alt 移除</translation>
    </message>
    <message>
      <source>Lasso</source>
      <translation>套索</translation>
    </message>
    <message>
      <source>Select masks in a drawn region; Shift adds, Alt removes</source>
      <translation>选择所画区域内的掩膜；Shift 添加，Alt 移除</translation>
    </message>
    <message>
      <source>Add by click</source>
      <translation>点击添加</translation>
    </message>
    <message>
      <source>SAM-HQ makes a mask where you click; right click: not this part; Enter takes it, Esc drops it</source>
      <translation>SAM-HQ 在单击处生成掩膜；右键单击：不包括这部分；Enter 采用，Esc 放弃</translation>
    </message>
    <message>
      <source>Add by box</source>
      <translation>框选添加</translation>
    </message>
    <message>
      <source>SAM-HQ makes a mask of what is in a box; Enter takes it, Esc drops it</source>
      <translation>SAM-HQ 为框内的内容生成掩膜；Enter 采用，Esc 放弃</translation>
    </message>
    <message>
      <source>Paint onto the selected mask, or a new one; [ and ] change the size</source>
      <translation>涂到所选掩膜上，或涂成新掩膜；按 [ 和 ] 改变大小</translation>
    </message>
    <message>
      <source>Erase from the selected masks; [ and ] change the size</source>
      <translation>从所选掩膜上擦除；按 [ 和 ] 改变大小</translation>
    </message>
    <message>
      <source>Split a mask along a line</source>
      <translation>沿一条线拆分掩膜</translation>
    </message>
    <message>
      <source>{tool}: {hint} ({key})</source>
      <translation>{tool}：{hint} ({key})</translation>
    </message>
    <message>
      <source>Radius of brush and eraser in pixels</source>
      <translation>画笔和橡皮擦的半径（像素）</translation>
    </message>
    <message>
      <source>Radius of brush and eraser ([ and ])</source>
      <translation>画笔和橡皮擦的半径（按 [ 和 ] 改变）</translation>
    </message>
    <message>
      <source> px</source>
      <translation> px</translation>
    </message>
    <message>
      <source>Fill</source>
      <translation>填充</translation>
    </message>
    <message>
      <source>How much masks cover the image</source>
      <translation>掩膜遮盖图像的程度</translation>
    </message>
    <message>
      <source>How much masks cover the image. X: masks on or off, Z: outlines, hold B: bare image</source>
      <translation>掩膜遮盖图像的程度。X：显示或隐藏掩膜，Z：轮廓，按住 B：只看图像</translation>
    </message>
    <message>
      <source>&amp;Train on My Corrected Masks…</source>
      <translation>用我校正的掩膜训练(&amp;T)…</translation>
    </message>
    <message>
      <source>Teach a model the objects of your own pictures, so that it finds them by itself</source>
      <translation>让模型学会您自己图像中的目标，以便它能自动找到它们</translation>
    </message>
    <message>
      <source>Find and measure the objects of an image</source>
      <translation>找出并测量图像中的目标</translation>
    </message>
    <message>
      <source>Open an image, or drop one anywhere. Press Generate Masks, choose what counts, take the numbers.</source>
      <translation>打开图像，或拖放到任意位置。点击“生成掩膜”，选择要计入的目标，获取数值。</translation>
    </message>
    <message>
      <source>Add</source>
      <translation>添加</translation>
    </message>
    <message>
      <source>Add this mask (Enter)</source>
      <translation>添加此掩膜 (Enter)</translation>
    </message>
    <message>
      <source>Drop</source>
      <translation>放弃</translation>
    </message>
    <message>
      <source>Forget it (Esc)</source>
      <translation>放弃此掩膜 (Esc)</translation>
    </message>
    <message>
      <source>SAM-HQ is drawing the mask…</source>
      <translation>SAM-HQ 正在绘制掩膜…</translation>
    </message>
    <message>
      <source>{n:,} px, quality {q:.2f}. Click: more of it; right click: not this.</source>
      <translation>{n:,} px，质量 {q:.2f}。单击：包括更多；右键单击：不包括这里。</translation>
    </message>
    <message>
      <source>Find a setting</source>
      <translation>查找设置</translation>
    </message>
    <message>
      <source>No setting has this word.</source>
      <translation>没有含有此词的设置。</translation>
    </message>
    <message>
      <source>Presets</source>
      <translation>预设</translation>
    </message>
    <message>
      <source>Explanation and trial</source>
      <translation>说明与试用</translation>
    </message>
    <message>
      <source>Before and After</source>
      <translation>更改前后</translation>
    </message>
    <message>
      <source>Re&amp;vert</source>
      <translation>还原(&amp;V)</translation>
    </message>
    <message>
      <source>Go back to what is in force</source>
      <translation>恢复为当前生效的设置</translation>
    </message>
    <message>
      <source>Reset to &amp;Defaults</source>
      <translation>恢复默认值(&amp;D)</translation>
    </message>
    <message>
      <source>Choose nothing; the model and the filter stay</source>
      <translation>全部采用默认值；模型和筛选条件不变</translation>
    </message>
    <message>
      <source>Apply &amp;Changes</source>
      <translation>应用更改(&amp;C)</translation>
    </message>
    <message>
      <source>Show</source>
      <translation>显示</translation>
    </message>
    <message>
      <source>Apply &amp;Changes ({count})</source>
      <translation>应用更改(&amp;C) ({count})</translation>
    </message>
    <message>
      <source>Your own values; a preset replaces some of them.</source>
      <translation>您自己的值；选用预设会替换其中一部分。</translation>
    </message>
    <message>
      <source>Some values do not fit together; see the red lines.</source>
      <translation>有些值互相矛盾；请看红色的行。</translation>
    </message>
    <message>
      <source>Everything shown is in force.</source>
      <translation>显示的设置都已生效。</translation>
    </message>
    <message>
      <source>Changes not applied: {count}. Masks will be found again.</source>
      <translation>未应用的更改：{count} 项。将重新寻找掩膜。</translation>
    </message>
    <message>
      <source>Changes not applied: {count}</source>
      <translation>未应用的更改：{count} 项</translation>
    </message>
    <message>
      <source>Reading thumbnails</source>
      <translation>正在读取缩略图</translation>
    </message>
    <message>
      <source>a few seconds left</source>
      <translation>还剩几秒</translation>
    </message>
    <message>
      <source>{seconds} s left</source>
      <translation>还剩 {seconds} 秒</translation>
    </message>
    <message>
      <source>{minutes} min left</source>
      <translation>还剩 {minutes} 分钟</translation>
    </message>
    <message>
      <source>{hours} h {minutes:02d} min left</source>
      <translation>还剩 {hours} 小时 {minutes:02d} 分钟</translation>
    </message>
    <message>
      <source>{hours} h left</source>
      <translation>还剩 {hours} 小时</translation>
    </message>
    <message>
      <source>Model and time</source>
      <translation>模型与时间</translation>
    </message>
    <message>
      <source>The model that is taught; its own file stays as it is</source>
      <translation>要训练的模型；其原文件保持不变</translation>
    </message>
    <message>
      <source> min</source>
      <translation> 分钟</translation>
    </message>
    <message>
      <source>Ten minutes are enough for a first result on a laptop</source>
      <translation>在笔记本电脑上，十分钟即可得到初步结果</translation>
    </message>
    <message>
      <source>Choose…</source>
      <translation>选择…</translation>
    </message>
    <message>
      <source>Where the trained model is written</source>
      <translation>训练好的模型的保存位置</translation>
    </message>
    <message>
      <source>&amp;Begin with</source>
      <translation>起始模型(&amp;B)</translation>
    </message>
    <message>
      <source>T&amp;ime</source>
      <translation>时间(&amp;I)</translation>
    </message>
    <message>
      <source>New model</source>
      <translation>新模型</translation>
    </message>
    <message>
      <source>The model in use ({name})</source>
      <translation>当前使用的模型（{name}）</translation>
    </message>
    <message>
      <source>Learning curves</source>
      <translation>学习曲线</translation>
    </message>
    <message>
      <source>AP50, kept apart</source>
      <translation>AP50，留出图像</translation>
    </message>
    <message>
      <source>IoU, kept apart</source>
      <translation>IoU，留出图像</translation>
    </message>
    <message>
      <source>IoU, learnt from</source>
      <translation>IoU，训练图像</translation>
    </message>
    <message>
      <source>minutes</source>
      <translation>分钟</translation>
    </message>
    <message>
      <source>Train on my corrected masks</source>
      <translation>用我校正的掩膜训练</translation>
    </message>
    <message>
      <source>Train</source>
      <translation>训练</translation>
    </message>
    <message>
      <source>Progress of training</source>
      <translation>训练进度</translation>
    </message>
    <message>
      <source>&amp;Train</source>
      <translation>训练(&amp;T)</translation>
    </message>
    <message>
      <source>Teach the model the objects of these pictures</source>
      <translation>让模型学习这些图像中的目标</translation>
    </message>
    <message>
      <source>Stop; what was learnt is kept, and training can go on later</source>
      <translation>停止；已学到的内容会保留，之后可以继续训练</translation>
    </message>
    <message>
      <source>Drop It</source>
      <translation>放弃</translation>
    </message>
    <message>
      <source>Forget the training that was stopped; the next one begins anew</source>
      <translation>放弃已停止的训练；下一次训练将重新开始</translation>
    </message>
    <message>
      <source>&amp;Use This Model</source>
      <translation>使用此模型(&amp;U)</translation>
    </message>
    <message>
      <source>Find masks with the trained model from now on</source>
      <translation>从现在起用训练好的模型查找掩膜</translation>
    </message>
    <message>
      <source>Open &amp;Report</source>
      <translation>打开报告(&amp;R)</translation>
    </message>
    <message>
      <source>Curves and pictures before and after, in the browser</source>
      <translation>在浏览器中查看曲线以及训练前后的图像</translation>
    </message>
    <message>
      <source>&amp;Go On</source>
      <translation>继续(&amp;G)</translation>
    </message>
    <message>
      <source>my model</source>
      <translation>我的模型</translation>
    </message>
    <message>
      <source>Reading the labelled pictures</source>
      <translation>正在读取标注图像</translation>
    </message>
    <message>
      <source>Generate masks, correct them until every object has one, then add the picture.</source>
      <translation>生成掩膜并校正，直到每个目标都有掩膜，然后添加图像。</translation>
    </message>
    <message>
      <source>There are no masks to learn from</source>
      <translation>没有可供学习的掩膜</translation>
    </message>
    <message>
      <source>Adding {name} to the training pictures</source>
      <translation>正在将 {name} 添加到训练图像</translation>
    </message>
    <message>
      <source>The picture was not added</source>
      <translation>图像未添加</translation>
    </message>
    <message>
      <source>{name}: {n} objects to learn from</source>
      <translation>{name}：{n} 个可供学习的目标</translation>
    </message>
    <message>
      <source>Removing training pictures</source>
      <translation>正在移除训练图像</translation>
    </message>
    <message>
      <source>The pictures were not removed</source>
      <translation>图像未移除</translation>
    </message>
    <message>
      <source>There is nothing to learn from</source>
      <translation>没有可供学习的内容</translation>
    </message>
    <message>
      <source>Add at least one picture.</source>
      <translation>请至少添加一张图像。</translation>
    </message>
    <message>
      <source>Training {name}</source>
      <translation>正在训练 {name}</translation>
    </message>
    <message>
      <source>The model was not trained</source>
      <translation>模型未训练</translation>
    </message>
    <message>
      <source>The stopped training was not dropped</source>
      <translation>未能放弃已停止的训练</translation>
    </message>
    <message>
      <source>The model {name} is trained</source>
      <translation>模型 {name} 已训练完成</translation>
    </message>
    <message>
      <source>Labelled pictures</source>
      <translation>标注图像</translation>
    </message>
    <message>
      <source>&amp;Add the Open Picture</source>
      <translation>添加打开的图像(&amp;A)</translation>
    </message>
    <message>
      <source>Write the open picture and its masks into the folder below</source>
      <translation>将打开的图像及其掩膜写入下面的文件夹</translation>
    </message>
    <message>
      <source>Picture</source>
      <translation>图像</translation>
    </message>
    <message>
      <source>Folder</source>
      <translation>文件夹</translation>
    </message>
    <message>
      <source>Some &amp;objects have no mask</source>
      <translation>有些目标没有掩膜(&amp;O)</translation>
    </message>
    <message>
      <source>Some objects have no mask</source>
      <translation>有些目标没有掩膜</translation>
    </message>
    <message>
      <source>Then what is not labelled is not taught to be empty. Better results if every object has its mask.</source>
      <translation>勾选后，未标注的区域不会被当作背景来学习。每个目标都有掩膜时效果更好。</translation>
    </message>
    <message>
      <source>Choose the folder to which pictures are added</source>
      <translation>选择添加图像的文件夹</translation>
    </message>
    <message>
      <source>Add &amp;Folder…</source>
      <translation>添加文件夹(&amp;F)…</translation>
    </message>
    <message>
      <source>Learn from a folder with pictures and label files (PNG, TIFF, COCO) as well</source>
      <translation>同时学习一个含有图像和标注文件（PNG、TIFF、COCO）的文件夹</translation>
    </message>
    <message>
      <source>&amp;Remove</source>
      <translation>移除(&amp;R)</translation>
    </message>
    <message>
      <source>Remove the selected pictures; of an added folder, the folder from this list</source>
      <translation>移除所选图像；若属于添加的文件夹，则将该文件夹移出此列表</translation>
    </message>
    <message>
      <source>Folder of my pictures</source>
      <translation>我的图像文件夹</translation>
    </message>
    <message>
      <source>Folder with labels</source>
      <translation>含标注的文件夹</translation>
    </message>
    <message>
      <source>Open an image, generate masks and correct them; then it can be added here.</source>
      <translation>请打开图像、生成掩膜并校正，然后即可在此添加。</translation>
    </message>
    <message>
      <source>{name} has no masks yet: generate or draw some.</source>
      <translation>{name} 还没有掩膜：请生成或绘制。</translation>
    </message>
    <message>
      <source>{name}: {n} objects pass the filter. Every object should have its mask.</source>
      <translation>{name}：{n} 个目标通过筛选。每个目标都应有掩膜。</translation>
    </message>
    <message>
      <source>No pictures yet. Ten are a good start.</source>
      <translation>还没有图像。十张是个不错的开始。</translation>
    </message>
    <message>
      <source>{n} pictures with {objects} objects.</source>
      <translation>{n} 张图像，共 {objects} 个目标。</translation>
    </message>
    <message>
      <source>From {n} pictures on some are kept apart, to see whether the model becomes better.</source>
      <translation>从 {n} 张图像起会留出一部分，用来判断模型是否变好。</translation>
    </message>
    <message>
      <source>{text} {hint}</source>
      <translation>{text}{hint}</translation>
    </message>
    <message>
      <source>A training that was stopped lies beside this file. It goes on where it was, if pictures and model are the same.</source>
      <translation>此文件旁有一次已停止的训练。如果图像和模型相同，将从停止处继续。</translation>
    </message>
    <message>
      <source>{name} is there already and will be replaced.</source>
      <translation>{name} 已存在，将被替换。</translation>
    </message>
    <message>
      <source>The window stays usable meanwhile. Stop keeps what was learnt.</source>
      <translation>训练期间窗口仍可使用。停止时会保留已学到的内容。</translation>
    </message>
    <message>
      <source>Stopping: what was learnt is being saved…</source>
      <translation>正在停止：正在保存已学到的内容…</translation>
    </message>
    <message>
      <source>Comparing before and after: {name}</source>
      <translation>正在比较训练前后：{name}</translation>
    </message>
    <message>
      <source>Loading the model and the pictures…</source>
      <translation>正在加载模型和图像…</translation>
    </message>
    <message>
      <source>{text} · {left}</source>
      <translation>{text} · {left}</translation>
    </message>
    <message>
      <source>loss {loss} · IoU {iou} · AP50 {ap50}</source>
      <translation>损失 {loss} · IoU {iou} · AP50 {ap50}</translation>
    </message>
    <message>
      <source>loss {loss} · IoU {iou}</source>
      <translation>损失 {loss} · IoU {iou}</translation>
    </message>
    <message>
      <source>{name} is ready.</source>
      <translation>{name} 已就绪。</translation>
    </message>
    <message>
      <source>AP50 {before:.2f} before, {after:.2f} after, on {n} pictures it learnt from: that says nothing of others. Try it on some that it has not seen.</source>
      <translation>在 {n} 张训练过的图像上，AP50 训练前 {before:.2f}，训练后 {after:.2f}：这不能说明它在其他图像上的表现。请在它未见过的图像上试用。</translation>
    </message>
    <message>
      <source>AP50 {before:.2f} before, {after:.2f} after, on {n} pictures it did not learn from: it became worse. More pictures help.</source>
      <translation>在 {n} 张未训练过的图像上，AP50 训练前 {before:.2f}，训练后 {after:.2f}：模型变差了。更多图像会有帮助。</translation>
    </message>
    <message>
      <source>AP50 {before:.2f} before, {after:.2f} after, on {n} pictures it did not learn from.</source>
      <translation>在 {n} 张未训练过的图像上，AP50 训练前 {before:.2f}，训练后 {after:.2f}。</translation>
    </message>
    <message>
      <source>{first}, {second}</source>
      <translation>{first}，{second}</translation>
    </message>
    <message>
      <source>Filter</source>
      <translation>筛选</translation>
    </message>
    <message>
      <source>Aggregation Analysis</source>
      <translation>聚集度分析</translation>
    </message>
    <message>
      <source>Mask Analysis</source>
      <translation>掩膜分析</translation>
    </message>
    <message>
      <source>Batch Processing</source>
      <translation>批处理</translation>
    </message>
    <message>
      <source>SAM-HQ Parameters</source>
      <translation>SAM-HQ 参数</translation>
    </message>
    <message>
      <source>Tabs</source>
      <translation>标签页</translation>
    </message>
    <message>
      <source>The log was not saved</source>
      <translation>日志未保存</translation>
    </message>
    <message>
      <source>Loading</source>
      <translation>正在载入</translation>
    </message>
    <message>
      <source>Last time you worked on {name}.</source>
      <translation>上次您处理的是 {name}。</translation>
    </message>
    <message>
      <source>Go on with it</source>
      <translation>继续处理</translation>
    </message>
    <message>
      <source>Work is still going on. Stop it and close?</source>
      <translation>工作仍在进行。停止并关闭吗？</translation>
    </message>
    <message>
      <source>Everything finished so far is kept; the next start goes on from there.</source>
      <translation>目前已完成的内容都会保留；下次开始时从那里继续。</translation>
    </message>
    <message>
      <source>Stop and close</source>
      <translation>停止并关闭</translation>
    </message>
    <message>
      <source>Keep working</source>
      <translation>继续工作</translation>
    </message>
    <message>
      <source>Masks were corrected by hand and not exported yet. Discard the corrections?</source>
      <translation>掩膜经过手动修正，尚未导出。要放弃这些修正吗？</translation>
    </message>
    <message>
      <source>Export writes them into files; Save Marked Image writes a picture.</source>
      <translation>“导出”会将其写入文件；“保存标注图像”会写出一张图片。</translation>
    </message>
    <message>
      <source>Discard</source>
      <translation>放弃</translation>
    </message>
    <message>
      <source>Keep them</source>
      <translation>保留</translation>
    </message>
    <message>
      <source>Page of a multi-page TIFF to analyse, counted from 1, or all of them. Without it a file of several pages is reported as failed instead of guessing.</source>
      <translation>要分析的多页 TIFF 的页，从 1 开始计数，或所有页。不设置时，多页文件会报告为失败，而不会猜测用哪一页。</translation>
    </message>
    <message>
      <source>Scene, position or image of a microscopy file to analyse, counted from 1, or all of them. Needed where a file has several.</source>
      <translation>要分析的显微文件的场景、位置或图像，从 1 数起，或全部。文件有多个时需要。</translation>
    </message>
    <message>
      <source>Channel measured</source>
      <translation>测量的通道</translation>
    </message>
    <message>
      <source>Name or number, counted from 1, of the channel whose gray levels are measured, or all: then each channel is an image of its own. Needed where a file has several.</source>
      <translation>测量其灰度的通道的名称或编号（从 1 数起），或 all：每个通道成为单独的图像。文件有多个时需要。</translation>
    </message>
    <message>
      <source>Channel shown</source>
      <translation>显示的通道</translation>
    </message>
    <message>
      <source>Name or number of the channel in which the network looks for objects; never changes what is measured in them. Without it, it sees the channel that is measured.</source>
      <translation>网络在其中寻找对象的通道的名称或编号；绝不改变所测的内容。不给出时，网络看到所测的通道。</translation>
    </message>
    <message>
      <source>Slice of a z stack to analyse, counted from 1, or all of them. Needed where a file has several.</source>
      <translation>要分析的 z 栈切片，从 1 数起，或全部。文件有多个时需要。</translation>
    </message>
    <message>
      <source>Time point of a series to analyse, counted from 1, or all of them. Needed where a file has several.</source>
      <translation>要分析的序列时间点，从 1 数起，或全部。文件有多个时需要。</translation>
    </message>
    <message>
      <source>Black and white point</source>
      <translation>黑白点</translation>
    </message>
    <message>
      <source>Which stored values count as black (aggregation 100) and white (aggregation 0). dtype: the range of the file's data type, or the narrower one that the file states. fixed: black_point and white_point. percentile: two percentiles over all images, frozen for the run. Never each image's own extremes, because then images could not be compared.</source>
      <translation>哪些存储值算作黑（聚集度 100）和白（聚集度 0）。dtype：文件数据类型的范围，或文件注明的更窄范围。fixed：black_point 和 white_point。percentile：所有图像的两个百分位数，对整批固定不变。绝不用每幅图像自己的极值，否则图像之间无法比较。</translation>
    </message>
    <message>
      <source>Black point</source>
      <translation>黑点</translation>
    </message>
    <message>
      <source>Stored value that counts as black; used by intensity_range fixed.</source>
      <translation>算作黑的存储值；用于 intensity_range fixed。</translation>
    </message>
    <message>
      <source>White point</source>
      <translation>白点</translation>
    </message>
    <message>
      <source>Stored value that counts as white; used by intensity_range fixed.</source>
      <translation>算作白的存储值；用于 intensity_range fixed。</translation>
    </message>
    <message>
      <source>Black percentile</source>
      <translation>黑百分位数</translation>
    </message>
    <message>
      <source>Percentile of all pixels of the run that becomes black; used by intensity_range percentile.</source>
      <translation>整批所有像素中作为黑的百分位数；用于 intensity_range percentile。</translation>
    </message>
    <message>
      <source>White percentile</source>
      <translation>白百分位数</translation>
    </message>
    <message>
      <source>Percentile of all pixels of the run that becomes white; used by intensity_range percentile.</source>
      <translation>整批所有像素中作为白的百分位数；用于 intensity_range percentile。</translation>
    </message>
    <message>
      <source>Contrast for the network</source>
      <translation>网络所见的对比度</translation>
    </message>
    <message>
      <source>What the network sees; never changes a measurement. auto: 8-bit images as they are, deeper ones stretched between their 0.1 and 99.9 percentiles. none: black to white point. percentile: always stretched.</source>
      <translation>网络看到的图像；绝不改变测量值。auto：8 位图像保持原样，更深的图像在其 0.1 和 99.9 百分位数之间拉伸。none：从黑点到白点。percentile：始终拉伸。</translation>
    </message>
    <message>
      <source>Name of a model (see: samhq models list) or path of a SAM-HQ .pth or .safetensors file.</source>
      <translation>模型的名称（见 samhq models list），或 SAM-HQ 的 .pth 或 .safetensors 文件的路径。</translation>
    </message>
    <message>
      <source>Points per side</source>
      <translation>每边点数</translation>
    </message>
    <message>
      <source>Prompt points along each side of the image; the number of points is its square. More points find smaller objects and take longer.</source>
      <translation>图像每边的提示点数；总点数是它的平方。点越多，能找到的目标越小，耗时越长。</translation>
    </message>
    <message>
      <source>Prompts</source>
      <translation>提示方式</translation>
    </message>
    <message>
      <source>Where the model is asked. grid: at every point. adaptive: at some points first, then only where no accepted mask lies yet. dark-guided: only at points with dark pixels near them, see prompt_min_aggregation. discovered: the built-in starter model finds the objects with the points, and the chosen model draws each of them. The others ask less than grid and may find fewer objects.</source>
      <translation>在哪里提示模型。grid：每个点。adaptive：先在一部分点，然后只在尚无已接受掩膜处。dark-guided：只在附近有暗像素的点，见 prompt_min_aggregation。discovered：内置的 starter 模型用这些点寻找目标，所选模型再画出每个目标。后三种比 grid 提示得少，可能找到较少的目标。</translation>
    </message>
    <message>
      <source>Dark enough</source>
      <translation>提示所需的暗度</translation>
    </message>
    <message>
      <source>Only with prompts dark-guided: a point is asked if a pixel of its cell of the grid has at least this aggregation in the picture that the network sees. null: Otsu's threshold of each picture. Not a filter: filters come later and measure the gray levels of the file.</source>
      <translation>仅用于提示方式 dark-guided：在网络看到的图像中，某点所在网格单元内只要有一个像素的聚集度不低于此值，就在该点提示。null：每幅图像的大津 (Otsu) 阈值。它不是筛选：筛选在之后进行，依据文件的灰度值。</translation>
    </message>
    <message>
      <source>Polarity of prompts</source>
      <translation>提示的极性</translation>
    </message>
    <message>
      <source>Only with prompts dark-guided: bright counts aggregation in the inverted picture, for bright objects on a dark ground.</source>
      <translation>仅用于提示方式 dark-guided：bright 按反转图像计算聚集度，用于暗背景上的亮目标。</translation>
    </message>
    <message>
      <source>Predicted IoU threshold</source>
      <translation>预测 IoU 阈值</translation>
    </message>
    <message>
      <source>Masks whose quality, as the model itself predicts it, is not above this are dropped.</source>
      <translation>模型自己预测的质量不高于此值的掩膜会被剔除。</translation>
    </message>
    <message>
      <source>Stability score threshold</source>
      <translation>稳定性分数阈值</translation>
    </message>
    <message>
      <source>Masks that change more than this allows when their cutoff moves are dropped.</source>
      <translation>截断值移动时变化超过此限度的掩膜会被剔除。</translation>
    </message>
    <message>
      <source>Stability score offset</source>
      <translation>稳定性分数偏移量</translation>
    </message>
    <message>
      <source>How far the cutoff is moved, in logits, to judge stability.</source>
      <translation>判断稳定性时截断值移动多远，单位为 logit。</translation>
    </message>
    <message>
      <source>Box NMS threshold</source>
      <translation>边框 NMS 阈值</translation>
    </message>
    <message>
      <source>Of two masks whose boxes overlap by more than this IoU only the better one stays.</source>
      <translation>两个掩膜的边框重叠超过此 IoU 时，只保留较好的一个。</translation>
    </message>
    <message>
      <source>Crop layers</source>
      <translation>裁剪层数</translation>
    </message>
    <message>
      <source>Segment again on 2^n x 2^n overlapping crops for each layer n: finds small objects in large images; each layer takes about four times as long as the one before.</source>
      <translation>对每一层 n，在 2^n x 2^n 个重叠的裁剪块上再次分割：可在大图像中找到小目标；每一层的耗时约为前一层的四倍。</translation>
    </message>
    <message>
      <source>Crop NMS threshold</source>
      <translation>裁剪 NMS 阈值</translation>
    </message>
    <message>
      <source>Like the box NMS threshold, between masks of different crops; masks of smaller crops win.</source>
      <translation>与边框 NMS 阈值类似，用于不同裁剪块的掩膜之间；较小裁剪块的掩膜优先。</translation>
    </message>
    <message>
      <source>Crop overlap</source>
      <translation>裁剪块重叠</translation>
    </message>
    <message>
      <source>Overlap of the crops of the first layer as a part of the shorter side; halved with each layer.</source>
      <translation>第一层裁剪块的重叠，为短边的一部分；每增加一层减半。</translation>
    </message>
    <message>
      <source>Fewer points in crops</source>
      <translation>裁剪块点数缩减</translation>
    </message>
    <message>
      <source>Points per side are divided by this to the power of the layer.</source>
      <translation>每边点数除以此值的“层数”次方。</translation>
    </message>
    <message>
      <source>Point grids</source>
      <translation>提示点网格</translation>
    </message>
    <message>
      <source>Explicit prompt points, x and y from 0 to 1, one list for each crop layer. Instead of points per side, which must then be null.</source>
      <translation>明确指定的提示点，x 和 y 为 0 到 1，每个裁剪层一个列表。用来代替每边点数，此时每边点数必须为 null。</translation>
    </message>
    <message>
      <source>Minimum region</source>
      <translation>最小区域</translation>
    </message>
    <message>
      <source>Holes and separate pieces of a mask smaller than this are filled or removed. 0 leaves masks as they are.</source>
      <translation>掩膜中小于此值的孔洞和分离碎块会被填补或去除。0 表示掩膜保持原样。</translation>
    </message>
    <message>
      <source>px</source>
      <translation>px</translation>
    </message>
    <message>
      <source>Minimum area A</source>
      <translation>最小面积 A</translation>
    </message>
    <message>
      <source>Stage 1: objects with fewer pixels are dropped.</source>
      <translation>第 1 级筛选：像素数少于此值的目标会被剔除。</translation>
    </message>
    <message>
      <source>Minimum total aggregation I</source>
      <translation>最小总聚集度 I</translation>
    </message>
    <message>
      <source>Stage 1: objects whose aggregation, summed over their pixels, is below this are dropped.</source>
      <translation>第 1 级筛选：像素的聚集度之和低于此值的目标会被剔除。</translation>
    </message>
    <message>
      <source>Minimum ratio R = I/A</source>
      <translation>最小比值 R = I/A</translation>
    </message>
    <message>
      <source>Stage 1: objects whose mean aggregation is below this are dropped.</source>
      <translation>第 1 级筛选：平均聚集度低于此值的目标会被剔除。</translation>
    </message>
    <message>
      <source>Lowest aggregation</source>
      <translation>最低聚集度</translation>
    </message>
    <message>
      <source>Stage 2: pixels with less aggregation do not count; A, I and R are computed again without them.</source>
      <translation>第 2 级筛选：聚集度低于此值的像素不计；去掉它们后重新计算 A、I 和 R。</translation>
    </message>
    <message>
      <source>Highest aggregation</source>
      <translation>最高聚集度</translation>
    </message>
    <message>
      <source>Stage 2: pixels with more aggregation do not count.</source>
      <translation>第 2 级筛选：聚集度高于此值的像素不计。</translation>
    </message>
    <message>
      <source>dark: dark pixels have high aggregation. bright: the inverted image is measured, for fluorescence.</source>
      <translation>dark：暗像素的聚集度高。bright：测量反相图像，用于荧光。</translation>
    </message>
    <message>
      <source>Overlapping masks</source>
      <translation>重叠掩膜</translation>
    </message>
    <message>
      <source>keep: a pixel counts for every mask that covers it. exclusive: only for the one with the highest predicted IoU.</source>
      <translation>keep：像素对覆盖它的每个掩膜都计入。exclusive：只计入预测 IoU 最高的掩膜。</translation>
    </message>
    <message>
      <source>Bins</source>
      <translation>分箱数</translation>
    </message>
    <message>
      <source>Bins of the histogram from 0 to 100; 256 gives one per gray level of an 8-bit image.</source>
      <translation>直方图从 0 到 100 的分箱数；256 对应 8 位图像的每个灰度级一箱。</translation>
    </message>
    <message>
      <source>Smoothing</source>
      <translation>平滑</translation>
    </message>
    <message>
      <source>Gaussian smoothing of the histogram before peaks and troughs are looked for; its standard deviation.</source>
      <translation>寻找峰和谷之前对直方图做高斯平滑；此值为其标准差。</translation>
    </message>
    <message>
      <source>bins</source>
      <translation>个箱</translation>
    </message>
    <message>
      <source>Prominence</source>
      <translation>突出度</translation>
    </message>
    <message>
      <source>Least prominence of a peak or trough, as a part of the highest bin.</source>
      <translation>峰或谷的最小突出度，为最高分箱的一部分。</translation>
    </message>
    <message>
      <source>Logarithmic scale</source>
      <translation>对数坐标</translation>
    </message>
    <message>
      <source>Logarithmic axis for the number of pixels.</source>
      <translation>像素数用对数坐标轴。</translation>
    </message>
    <message>
      <source>Annotated pictures</source>
      <translation>标注图片</translation>
    </message>
    <message>
      <source>Write a picture of every image with its kept objects outlined.</source>
      <translation>为每幅图像写入一张图片，画出保留目标的轮廓。</translation>
    </message>
    <message>
      <source>Label</source>
      <translation>标注</translation>
    </message>
    <message>
      <source>What stands beside each outline: A, I and R, the number of the object, or nothing.</source>
      <translation>每个轮廓旁显示的内容：A、I 和 R，目标的编号，或不显示。</translation>
    </message>
    <message>
      <source>Pixel size</source>
      <translation>像素尺寸</translation>
    </message>
    <message>
      <source>Edge of a pixel, for areas in µm²; replaces what the files say. Without it the size stands in the tables where a file states it.</source>
      <translation>像素边长，用于以 µm² 表示面积；取代文件所记。不给出时，文件记有尺寸的才写入表格。</translation>
    </message>
    <message>
      <source>µm</source>
      <translation>µm</translation>
    </message>
    <message>
      <source>Contact sheet</source>
      <translation>总览图</translation>
    </message>
    <message>
      <source>Write one overview picture of all annotated images.</source>
      <translation>将所有标注图像排成一张总览图片。</translation>
    </message>
    <message>
      <source>Mask output mode</source>
      <translation>掩膜输出方式</translation>
    </message>
    <message>
      <source>Form of exported masks: one PNG per mask, plain run lengths in JSON, or compressed COCO run lengths in JSON. Changes no measurement.</source>
      <translation>导出掩膜的形式：每个掩膜一个 PNG、JSON 中的未压缩游程编码，或 JSON 中压缩的 COCO 游程编码。不改变测量值。</translation>
    </message>
    <message>
      <source>Shape measurements</source>
      <translation>形状测量</translation>
    </message>
    <message>
      <source>Measurements of shape in tables and exports, by the definitions of scikit-image: those of the whole object, in pixels.</source>
      <translation>表格和导出文件中的形状测量，采用 scikit-image 的定义：针对整个目标，以像素为单位。</translation>
    </message>
    <message>
      <source>Column names</source>
      <translation>列名</translation>
    </message>
    <message>
      <source>Whose names the columns of the objects have in tables: those of samhq, of the Results table of ImageJ or of CellProfiler. What has no counterpart there keeps its name.</source>
      <translation>表格中目标各列采用谁的名称：samhq、ImageJ 结果表或 CellProfiler。没有对应名称的列保持原名。</translation>
    </message>
    <message>
      <source>Kind of object in QuPath</source>
      <translation>QuPath 中的对象类型</translation>
    </message>
    <message>
      <source>What the objects of a GeoJSON file become in QuPath. Detections and cells are meant for many objects, annotations for few that are edited by hand.</source>
      <translation>GeoJSON 文件中的目标在 QuPath 中成为什么。检测和细胞适合大量目标，标注适合少量需手动编辑的目标。</translation>
    </message>
    <message>
      <source>Name of the class</source>
      <translation>类别名称</translation>
    </message>
    <message>
      <source>Name of the class of all objects in GeoJSON and YOLO files.</source>
      <translation>GeoJSON 和 YOLO 文件中所有目标的类别名称。</translation>
    </message>
    <message>
      <source>Pictures for YOLO</source>
      <translation>YOLO 图片</translation>
    </message>
    <message>
      <source>Write the pictures beside the labels of YOLO, so that the folder can be trained on as it is.</source>
      <translation>在 YOLO 标签旁写入图片，使该文件夹可直接用于训练。</translation>
    </message>
    <message>
      <source>Device</source>
      <translation>设备</translation>
    </message>
    <message>
      <source>Where the network computes. auto takes a GPU where one works.</source>
      <translation>网络在哪里计算。auto：有可用的 GPU 时使用 GPU。</translation>
    </message>
    <message>
      <source>Precision</source>
      <translation>精度</translation>
    </message>
    <message>
      <source>Number format of the network. auto takes the fastest that is known to hold the masks on this device.</source>
      <translation>网络的数值格式。auto 选用在此设备上已知不影响掩膜的最快格式。</translation>
    </message>
    <message>
      <source>Points per batch</source>
      <translation>每批点数</translation>
    </message>
    <message>
      <source>Prompts that the network draws at once; more may be faster and need more memory.</source>
      <translation>网络一次处理的提示数；多些可能更快，但需要更多内存。</translation>
    </message>
    <message>
      <source>Processor threads</source>
      <translation>处理器线程数</translation>
    </message>
    <message>
      <source>Threads the network may use on the processor; null leaves the choice to PyTorch.</source>
      <translation>网络在处理器上可使用的线程数；null 表示由 PyTorch 决定。</translation>
    </message>
    <message>
      <source>ends in the middle: damaged or incompletely copied; copy it again</source>
      <translation>文件中途结束：已损坏或复制不完整；请重新复制</translation>
    </message>
    <message>
      <source>ends in the middle: page {page} is cut off; copy it again</source>
      <translation>文件中途结束：第 {page} 页被截断；请重新复制</translation>
    </message>
    <message>
      <source>ends in the middle: {planes} planes are announced but not all are there; copy it again</source>
      <translation>文件中途结束：声明有 {planes} 个平面，但不完整；请重新复制</translation>
    </message>
    <message>
      <source>is damaged: its pixels do not fill its size; copy it again</source>
      <translation>文件已损坏：像素数与尺寸不符；请重新复制</translation>
    </message>
    <message>
      <source>is damaged: it holds no picture; copy it again</source>
      <translation>文件已损坏：其中没有图片；请重新复制</translation>
    </message>
    <message>
      <source>is damaged: its size is cut off; copy it again</source>
      <translation>文件已损坏：尺寸信息被截断；请重新复制</translation>
    </message>
    <message>
      <source>is damaged: its pixels cannot be unpacked; copy or save it again</source>
      <translation>文件已损坏：无法解压像素；请重新复制或保存</translation>
    </message>
    <message>
      <source>is damaged: no PNG chunk at byte {place}; copy it again</source>
      <translation>文件已损坏：第 {place} 字节处不是 PNG 数据块；请重新复制</translation>
    </message>
    <message>
      <source>is damaged: wrong checksum at byte {place}; copy it again</source>
      <translation>文件已损坏：第 {place} 字节处校验和错误；请重新复制</translation>
    </message>
    <message>
      <source>holds no picture; the file is damaged, copy or save it again</source>
      <translation>其中没有图片；文件已损坏，请重新复制或保存</translation>
    </message>
    <message>
      <source>ends in the middle; copy it again</source>
      <translation>文件不完整；请重新复制</translation>
    </message>
    <message>
      <source>{parts}; choose with {flags}, or all in place of N</source>
      <translation>{parts}；请用 {flags} 选择，或用 all 代替 N</translation>
    </message>
    <message>
      <source>has no channel {channel}; it has {there}</source>
      <translation>没有通道 {channel}；有 {there}</translation>
    </message>
    <message>
      <source>is empty; copy or save it again</source>
      <translation>文件为空；请重新复制或保存</translation>
    </message>
    <message>
      <source>holds only zero bytes, as after an interrupted copy; copy it again</source>
      <translation>文件中只有零字节，可能是复制中断所致；请重新复制</translation>
    </message>
    <message>
      <source>is an HTML page, as a failed download leaves behind; download the picture again</source>
      <translation>这是一个 HTML 网页，可能是下载失败所致；请重新下载图片</translation>
    </message>
    <message>
      <source>is an XML or SVG text; save it as PNG, JPEG or TIFF</source>
      <translation>这是 XML 或 SVG 文本；请另存为 PNG、JPEG 或 TIFF</translation>
    </message>
    <message>
      <source>is a text file; give a PNG, JPEG or TIFF picture</source>
      <translation>这是文本文件；请提供 PNG、JPEG 或 TIFF 图片</translation>
    </message>
    <message>
      <source>is not a PNG, JPEG or TIFF picture, or its beginning is damaged; save it again in one of these formats</source>
      <translation>这不是 PNG、JPEG 或 TIFF 图片，或者文件开头已损坏；请用其中一种格式重新保存</translation>
    </message>
    <message>
      <source>holds {kind} numbers; save it as integers or floats</source>
      <translation>像素值的类型为 {kind}；请另存为整数或浮点数</translation>
    </message>
    <message>
      <source>{bad} of {size} values are NaN or infinite; replace them by numbers and save it again</source>
      <translation>{size} 个值中有 {bad} 个是 NaN 或无穷大；请用数值替换后重新保存</translation>
    </message>
    <message>
      <source>has no pixels ({width} x {height}); the file is damaged</source>
      <translation>没有像素（{width} x {height}）；文件已损坏</translation>
    </message>
    <message>
      <source>there is no such file or folder; check the spelling and that its disk is connected</source>
      <translation>没有这个文件或文件夹；请检查拼写以及所在磁盘是否已连接</translation>
    </message>
    <message>
      <source>is neither a file nor a folder; give an image or a folder of images</source>
      <translation>既不是文件也不是文件夹；请提供图像或图像文件夹</translation>
    </message>
    <message>
      <source>the disk is full; free some space or choose another output folder</source>
      <translation>磁盘已满；请腾出空间或选择其他输出文件夹</translation>
    </message>
    <message>
      <source>your disk quota is used up; free some space or choose another output folder</source>
      <translation>磁盘配额已用完；请腾出空间或选择其他输出文件夹</translation>
    </message>
    <message>
      <source>the disk is read-only; choose another output folder</source>
      <translation>磁盘是只读的；请选择其他输出文件夹</translation>
    </message>
    <message>
      <source>access is denied; choose an output folder you may write to</source>
      <translation>访问被拒绝；请选择您有写入权限的输出文件夹</translation>
    </message>
    <message>
      <source>access is denied; choose an output folder you may write to, or close the program that holds the file open</source>
      <translation>访问被拒绝；请选择您有写入权限的输出文件夹，或关闭占用该文件的程序</translation>
    </message>
    <message>
      <source>a file stands where a folder is needed; move it away or choose another output folder</source>
      <translation>需要文件夹的位置上有一个文件；请将其移走或选择其他输出文件夹</translation>
    </message>
    <message>
      <source>the name is too long; use a shorter folder or file name</source>
      <translation>名称太长；请使用较短的文件夹名或文件名</translation>
    </message>
    <message>
      <source>the folder has disappeared; check that its disk is connected</source>
      <translation>文件夹已不存在；请检查所在磁盘是否已连接</translation>
    </message>
    <message>
      <source>the disk reports an error; check the disk or the network connection</source>
      <translation>磁盘报告错误；请检查磁盘或网络连接</translation>
    </message>
    <message>
      <source>is a folder; choose the model file inside it</source>
      <translation>这是一个文件夹；请选择其中的模型文件</translation>
    </message>
    <message>
      <source>memory ran out in the encoder; close other programs that use it, choose --device cpu or a smaller model</source>
      <translation>编码器内存不足；请关闭占用内存的其他程序，选择 --device cpu 或更小的模型</translation>
    </message>
  </context>
</TS>
